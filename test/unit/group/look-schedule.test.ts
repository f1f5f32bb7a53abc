import { expect, test } from 'vitest'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../../src/errors/index.js'
import { createLookSchedule } from '../../../src/group/look-schedule.js'
import { createLogger } from '../../../src/instrumentation/logger.js'

/** A schedule whose waits are written down instead of waited for. */
function openSchedule(look: () => Promise<void> = async () => {}) {
  const delays: number[] = []
  const failures: Error[] = []
  let pending: (() => void) | undefined
  const schedule = createLookSchedule({
    groupId: 'g',
    heartbeatInterval: 3000,
    look,
    onFailed: (error) => failures.push(error),
    logger: createLogger({ level: 0, logCreator: () => () => undefined }),
    clock: {
      now: () => 0,
      after(ms, run) {
        delays.push(ms)
        pending = run
        return () => {
          if (pending === run) pending = undefined
        }
      },
      wait: async () => {},
    },
  })
  /** Has the time of the next look come, and what follows it. */
  const pass = async () => {
    const run = pending
    pending = undefined
    run?.()
    await new Promise(setImmediate)
  }
  return { schedule, delays, failures, pass, isWaiting: () => pending !== undefined }
}

test('looks at the interval when all is held, and sooner when somebody may fall silent', () => {
  const { schedule, delays } = openSchedule()
  schedule.onSettled(Number.POSITIVE_INFINITY)
  schedule.onSettled(700)
  schedule.onSettled(-5)
  expect(delays).toEqual([3000, 700, 150])
})

test('looks less and less often while something is with others, and often again with progress', () => {
  const { schedule, delays } = openSchedule()
  for (let i = 0; i < 9; i++) schedule.onMissing()
  expect(delays.slice(0, 3)).toEqual([150, 225, 337.5])
  expect(delays.at(-1)).toBe(3000)
  schedule.onProgress()
  schedule.onMissing()
  expect(delays.at(-1)).toBe(150)
})

test('tries again after a failure that may pass, and tells of another', async () => {
  const errors = [new KafkaJSError('busy'), new KafkaJSNonRetriableError('refused')]
  const { schedule, delays, failures, pass, isWaiting } = openSchedule(async () => {
    throw errors.shift()
  })
  schedule.nudge()
  await pass()
  expect(delays).toEqual([0, 1000])
  expect(failures).toEqual([])
  await pass()
  expect(failures.map(({ message }) => message)).toEqual(['refused'])
  expect(isWaiting()).toBe(false)
})

test('stopped, looks no more and tells of nothing', async () => {
  let fail = (_: Error) => {}
  const { schedule, failures, pass, isWaiting } = openSchedule(() => new Promise((_, reject) => (fail = reject)))
  schedule.nudge()
  await pass()
  schedule.stop()
  fail(new KafkaJSNonRetriableError('late'))
  await new Promise(setImmediate)
  schedule.nudge()
  expect([failures, isWaiting()]).toEqual([[], false])
})

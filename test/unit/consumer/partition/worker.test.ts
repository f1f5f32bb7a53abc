import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { PartitionContext } from '../../../../src/consumer/partition/context.js'
import { createPartitionWorker } from '../../../../src/consumer/partition/worker.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { createPlaces } from '../../../../src/util/concurrency.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** What partitions share whose service is silent, and whose store takes its time for a commit. */
function contextOf(commitMs: number) {
  const commits = { now: 0, most: 0, done: 0 }
  const unanswered = (_topic: string, _id: string, { abortSignal }: { abortSignal: AbortSignal }) =>
    new Promise((_, reject) => abortSignal.addEventListener('abort', () => reject(new Error('ended'))))
  const context = {
    groupId: 'group',
    requestTimeout: 1500,
    retry: { retries: 0, initialRetryTime: 1, factor: 0, multiplier: 1, maxRetryTime: 1 },
    logger: createLogger({ level: 0 }),
    fetching: {
      transport: { getPartitionProperties: unanswered },
      questions: createPlaces(),
      fromBeginning: () => true,
    },
    progress: {
      autoCommit: true,
      lastCommits: createPlaces(),
      offsets: {
        resolved: () => 1,
        async commit() {
          commits.now++
          commits.most = Math.max(commits.most, commits.now)
          await wait(commitMs)
          commits.now--
          commits.done++
        },
      },
      seeks: { has: () => false },
      pauses: { isPaused: () => false },
    },
    ownership: { holds: () => true, isSuspect: () => false },
    fail: (error: unknown) => expect.fail(String(error)),
  } as unknown as PartitionContext
  return { context, commits }
}

function finishAll(context: PartitionContext) {
  const workers = Array.from({ length: 100 }, (_, partition) =>
    createPartitionWorker({ context, topic: 't', partition, committed: undefined, after: Promise.resolve() }),
  )
  return Promise.allSettled(workers.map((worker) => worker.finish()))
}

it('commits last sixteen at a time, and has each its time when its turn has come', async () => {
  const { context, commits } = contextOf(1400)
  const finished = finishAll(context)
  await vi.advanceTimersByTimeAsync(7 * 1400)
  expect((await finished).filter(({ status }) => status === 'rejected')).toEqual([])
  expect(commits).toEqual({ now: 0, most: 16, done: 100 })
})

it('gives up a last commit that takes longer than requestTimeout, and goes on with the next', async () => {
  const { context } = contextOf(60_000)
  const finished = finishAll(context)
  await vi.advanceTimersByTimeAsync(7 * 1500)
  for (const outcome of await finished) {
    expect(outcome).toMatchObject({ reason: { message: 'The last commit was not done within 1500 ms' } })
  }
})

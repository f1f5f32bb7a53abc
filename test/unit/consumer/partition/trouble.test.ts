import { expect, it } from 'vitest'
import { createTrouble } from '../../../../src/consumer/partition/trouble.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { logLevel } from '../../../../src/types/enums.js'

const retry = { initialRetryTime: 100, factor: 0, multiplier: 2, maxRetryTime: 30_000, retries: 1 }
const error = new Error('refused')

function open() {
  const told: string[] = []
  const clock = { now: 0 }
  const logger = createLogger({
    level: logLevel.INFO,
    logCreator:
      () =>
      ({ label, log }) =>
        told.push(`${label} ${log.message}`),
  })
  const trouble = createTrouble({ retry, logger, topic: 't', partition: 0, now: () => clock.now })
  return { told, clock, met: (progress = '') => trouble.met(error, progress, { mended: false }), trouble }
}

it('waits longer each time, never more than 5 s, and never gives up', () => {
  const { met } = open()
  expect(Array.from({ length: 9 }, () => met())).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
})

it('begins with short waits again after progress', () => {
  const { met } = open()
  expect([met(), met(), met('more'), met('more')]).toEqual([100, 200, 100, 200])
})

it('tries at once, twice, what has been mended', () => {
  const { trouble } = open()
  const met = () => trouble.met(error, '', { mended: true })
  expect([met(), met(), met()]).toEqual([0, 0, 100])
})

it('tells of a link that is gone once a minute at most', () => {
  const { told, clock, trouble } = open()
  trouble.dropped(error)
  clock.now = 59_999
  trouble.dropped(error)
  clock.now = 60_000
  trouble.dropped(error)
  expect(told).toEqual(Array(2).fill('INFO The link is gone, and is opened again: refused'))
})

it('warns at once, then once a minute at most, and tells when it is over', () => {
  const { told, clock, met, trouble } = open()
  met()
  met('more')
  clock.now = 59_999
  met()
  expect(told).toEqual(['WARN Could not read the partition, trying again: refused'])
  clock.now = 60_000
  met()
  trouble.over()
  trouble.over()
  expect(told.slice(1)).toEqual([
    'WARN Could not read the partition, trying again: refused',
    'INFO The partition is read again',
  ])
})

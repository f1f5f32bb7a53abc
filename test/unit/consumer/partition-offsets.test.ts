import { expect, it } from 'vitest'
import { PartitionOffsets } from '../../../src/consumer/partition-offsets.js'
import type { ReceivedEvent } from '../../../src/translate/event.js'

const events = (from: number, to: number) =>
  Array.from(
    { length: to - from },
    (_, i) => ({ sequenceNumber: from + i, offset: `at-${from + i}`, wholeOffset: Number.NaN }) as ReceivedEvent,
  )

it('counts what is resolved from what was committed, or else from the first event', () => {
  const fresh = new PartitionOffsets('t', 0, undefined)
  expect([fresh.isDirty, fresh.uncommitted]).toEqual([false, 0])
  fresh.handing(events(10, 15))
  fresh.resolve(13)
  expect([fresh.isDirty, fresh.uncommitted]).toEqual([true, 3])
  fresh.committed = 13
  expect([fresh.isDirty, fresh.uncommitted]).toEqual([false, 0])
  fresh.resolve(11)
  expect([fresh.isDirty, fresh.uncommitted]).toEqual([true, 0])
})

it('keeps the service’s own offset of the last event handled, however many events come after it', () => {
  const one = new PartitionOffsets('t', 0, 0)
  one.handing(events(0, 3))
  one.resolve(2)
  for (const from of [3, 6, 9]) one.handing(events(from, from + 3))
  expect(one.amqpOffset).toBe('at-1')
  expect([one.knownOffset(1), one.knownOffset(7), one.knownOffset(10)]).toEqual([undefined, 'at-7', 'at-10'])
  one.resolve(9)
  expect(one.amqpOffset).toBe('at-8')
})

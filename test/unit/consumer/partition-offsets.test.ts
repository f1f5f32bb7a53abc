import { expect, it } from 'vitest'
import { PartitionOffsets } from '../../../src/consumer/partition-offsets.js'
import type { ReceivedEvent } from '../../../src/translate/event.js'

const events = (from: number, to: number) =>
  Array.from(
    { length: to - from },
    (_, i) => ({ sequenceNumber: from + i, offset: `at-${from + i}`, wholeOffset: Number.NaN }) as ReceivedEvent,
  )

it('has something to commit while what is resolved is not what was committed last', () => {
  const one = new PartitionOffsets('t', 0, undefined)
  one.handing(events(10, 15))
  expect([one.begun, one.isDirty]).toEqual([10, false])
  one.resolve(13)
  expect(one.isDirty).toBe(true)
  one.committed = 13
  expect(one.isDirty).toBe(false)
  one.resolve(11)
  expect(one.isDirty).toBe(true)
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

import { describe, expect, test } from 'vitest'
import { readTransfer } from '../../src/emulator/amqp/codec/transfer.js'
import { toServiceError } from '../../src/emulator/amqp/refusals.js'
import { parsePosition } from '../../src/emulator/amqp/selector.js'
import { bytesOf } from '../../src/emulator/model/event.js'
import { EVENT_OVERHEAD, PartitionLog } from '../../src/emulator/model/partition-log.js'
import { resolvePosition } from '../../src/emulator/model/position.js'

const forever = { ageMs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY }

/** A message of one data section. */
const message = (text: string) => Buffer.from([0x00, 0x53, 0x75, 0xa0, text.length, ...Buffer.from(text)])
const events = (count: number) => Array.from({ length: count }, (_, i) => readTransfer(message(`event ${i}`), 0)).flat()

function filled(count: number, retention = forever): PartitionLog {
  const log = new PartitionLog(retention)
  for (let i = 0; i < count; i++) log.append(events(1), 1000 + i * 10)
  return log
}

describe('numbering', () => {
  test('sequence numbers begin at 0 and are contiguous; offsets begin at 0 and grow by bytes', () => {
    const log = new PartitionLog(forever)
    log.append(events(3), 1000)
    log.append(events(2), 1001)
    const all = [...log.from(0)]
    expect(all.map((event) => event.sequenceNumber)).toEqual([0, 1, 2, 3, 4])
    expect(all[0]?.offset).toBe(0)
    for (const [i, event] of all.entries()) {
      expect(event.offset + bytesOf(event).length).toBe(all[i + 1]?.offset ?? event.offset + bytesOf(event).length)
    }
    expect(log.last).toMatchObject({ sequenceNumber: 4, enqueuedTime: 1001 })
  })

  test('enqueued times do not go back when the clock does', () => {
    const log = filled(1)
    log.append(events(1), 5)
    expect([...log.from(0)].map((event) => event.enqueuedTime)).toEqual([1000, 1000])
  })
})

describe('retention', () => {
  test('keeps nothing alive but the events: not the slab of Node’s pool that others write to as well', () => {
    const log = filled(2)
    for (const event of log.from(0)) expect(bytesOf(event).buffer.byteLength).toBeLessThan(1000)
  })

  test('by count: the begin moves, numbers go on', () => {
    const log = filled(5, { ...forever, count: 2 })
    expect([log.begin, log.end, log.count]).toEqual([3, 5, 2])
    expect(log.at(2)).toBeUndefined()
    expect(log.at(3)?.sequenceNumber).toBe(3)
  })

  test('by bytes, overhead included', () => {
    const size = filled(1).bytes
    expect(size).toBeGreaterThan(EVENT_OVERHEAD)
    const log = filled(50, { ...forever, bytes: 10 * size })
    expect(log.count).toBeLessThanOrEqual(10)
    expect(log.count).toBeGreaterThan(7)
    expect(log.bytes).toBeLessThanOrEqual(10 * size)
  })

  test('by age: what is emptied reports its last event as its begin', () => {
    const log = filled(3, { ...forever, ageMs: 100 })
    log.trim(1100)
    expect([log.begin, log.count]).toEqual([1, 2])
    log.trim(9999)
    expect([log.begin, log.reportedBegin, log.isEmpty, log.last?.sequenceNumber]).toEqual([3, 2, true, 2])
    log.append(events(1), 9999)
    expect([log.begin, log.reportedBegin, log.end]).toEqual([3, 3, 4])
  })

  test('a long run stays bounded and keeps its numbers', () => {
    const log = new PartitionLog({ ...forever, count: 100 })
    for (let i = 0; i < 5000; i++) log.append(events(1), i)
    expect([...log.from(0)].map((event) => event.sequenceNumber)).toEqual(
      Array.from({ length: 100 }, (_, i) => 4900 + i),
    )
  })
})

describe('positions', () => {
  const at = (log: PartitionLog, filter?: string) => {
    try {
      return resolvePosition(parsePosition(filter), log)
    } catch (error) {
      throw toServiceError(error, { host: 'localhost' })
    }
  }
  const offsetOf = (log: PartitionLog, sequenceNumber: number) => log.at(sequenceNumber)?.offset

  test('no filter, earliest and latest', () => {
    const log = filled(5, { ...forever, count: 3 })
    expect(at(log)).toBe(2)
    expect(at(log, "amqp.annotation.x-opt-offset > '-1'")).toBe(2)
    expect(at(log, "amqp.annotation.x-opt-offset > '@latest'")).toBe(5)
  })

  test('by sequence number, exclusive and inclusive', () => {
    const log = filled(5)
    expect(at(log, "amqp.annotation.x-opt-sequence-number > '2'")).toBe(3)
    expect(at(log, "amqp.annotation.x-opt-sequence-number >= '2'")).toBe(2)
    expect(at(log, "amqp.annotation.x-opt-sequence-number > '4'")).toBe(5)
    expect(at(log, "amqp.annotation.x-opt-sequence-number > '-1'")).toBe(0)
  })

  test('by offset, exclusive and inclusive, also between two events', () => {
    const log = filled(5)
    expect(at(log, `amqp.annotation.x-opt-offset > '${offsetOf(log, 2)}'`)).toBe(3)
    expect(at(log, `amqp.annotation.x-opt-offset >= '${offsetOf(log, 2)}'`)).toBe(2)
    expect(at(log, `amqp.annotation.x-opt-offset > '${(offsetOf(log, 2) ?? 0) + 1}'`)).toBe(3)
  })

  test('by enqueued time: the first one after it', () => {
    const log = filled(5)
    expect(at(log, "amqp.annotation.x-opt-enqueued-time > '1019'")).toBe(2)
    expect(at(log, "amqp.annotation.x-opt-enqueued-time > '1020'")).toBe(3)
    expect(at(log, "amqp.annotation.x-opt-enqueued-time > '0'")).toBe(0)
    expect(at(log, "amqp.annotation.x-opt-enqueued-time > '99999'")).toBe(5)
    // The older name, and a number without quotes: azure-event-hubs-c.
    expect(at(log, 'amqp.annotation.x-opt-enqueuedtimeutc > 1019')).toBe(2)
  })

  test('before the first one kept: the first one kept', () => {
    const log = filled(5, { ...forever, count: 2 })
    expect(at(log, "amqp.annotation.x-opt-sequence-number > '0'")).toBe(3)
    expect(at(log, "amqp.annotation.x-opt-offset > '0'")).toBe(3)
  })

  test('beyond the end is refused in the words of the service', () => {
    const log = filled(5)
    const last = log.last?.offset
    expect(() => at(log, "amqp.annotation.x-opt-sequence-number >= '14'")).toThrow(
      "The supplied sequence number '14' is invalid. The last sequence number in the system is '4'",
    )
    expect(() => at(log, "amqp.annotation.x-opt-offset > '99999'")).toThrow(
      `The supplied offset '99999' is invalid. The last offset in the system is '${last}'`,
    )
    expect(() => at(new PartitionLog(forever), "amqp.annotation.x-opt-sequence-number > '0'")).toThrow(
      expect.objectContaining({ condition: 'com.microsoft:argument-error' }),
    )
  })

  test('a new partition accepts -1', () => {
    const log = new PartitionLog(forever)
    expect(at(log, "amqp.annotation.x-opt-sequence-number > '-1'")).toBe(0)
    expect(at(log, "amqp.annotation.x-opt-sequence-number >= '-1'")).toBe(0)
  })

  test.each(['nonsense', "amqp.annotation.x-opt-offset > 'abc'", "amqp.annotation.x-opt-enqueued-time > 'soon'"])(
    'the filter %j is refused',
    (filter) => {
      expect(() => at(filled(1), filter)).toThrow(
        expect.objectContaining({ condition: 'com.microsoft:argument-error' }),
      )
    },
  )
})

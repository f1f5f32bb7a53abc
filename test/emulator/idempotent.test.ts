import { describe, expect, test } from 'vitest'
import type { IncomingEvent, ProducerMark } from '../../src/emulator/model/event.js'
import { IdempotentProducers } from '../../src/emulator/model/idempotent-producers.js'

const batch = (mark: Omit<ProducerMark, 'sequenceNumber'>, ...sequenceNumbers: number[]) =>
  sequenceNumbers.map((sequenceNumber) => ({ producer: { ...mark, sequenceNumber } }) as unknown as IncomingEvent)

describe('a producer', () => {
  test('gets an id, epoch 0, and begins with 1', () => {
    const producers = new IdempotentProducers()
    const first = producers.open({})
    expect(first).toMatchObject({ epoch: 0, sequenceNumber: 0 })
    expect(producers.open({}).producerId).not.toBe(first.producerId)
  })

  test('is stored in order, once; gaps and overlaps are refused', () => {
    const producers = new IdempotentProducers()
    const mark = producers.open({})
    expect(producers.admit(batch(mark, 1, 2, 3))).toBe(true)
    expect(producers.admit(batch(mark, 1, 2, 3))).toBe(false)
    const outOfOrder = expect.objectContaining({ refusal: expect.objectContaining({ kind: 'sequence-out-of-order' }) })
    for (const numbers of [[5], [3, 4], [4, 6], [2, 3], [1]]) {
      expect(() => producers.admit(batch(mark, ...numbers))).toThrow(outOfOrder)
    }
    expect(producers.admit(batch(mark, 4))).toBe(true)
    expect(producers.admit(batch(mark, 1, 2, 3))).toBe(false)
  })

  test('is remembered by its newest batches', () => {
    const producers = new IdempotentProducers()
    const mark = producers.open({})
    for (let i = 1; i <= 6; i++) producers.admit(batch(mark, i))
    expect(producers.admit(batch(mark, 2))).toBe(false)
    expect(() => producers.admit(batch(mark, 1))).toThrow()
  })

  test('keeps its numbers through a new epoch, whatever it says of them', () => {
    const producers = new IdempotentProducers()
    const { producerId } = producers.open({})
    producers.admit(batch({ producerId, epoch: 0 }, 1, 2, 3, 4, 5))
    expect(producers.open({ producerId, sequenceNumber: 1 })).toMatchObject({ epoch: 1, sequenceNumber: 1 })
    expect(() => producers.admit(batch({ producerId, epoch: 1 }, 2))).toThrow(
      expect.objectContaining({ refusal: expect.objectContaining({ sequenceNumber: 2, last: 5 }) }),
    )
    expect(producers.admit(batch({ producerId, epoch: 1 }, 1, 2, 3, 4, 5))).toBe(false)
    expect(producers.admit(batch({ producerId, epoch: 1 }, 6))).toBe(true)
  })

  test('of a lower epoch is shut out by a higher one', () => {
    const producers = new IdempotentProducers()
    const old = producers.open({})
    producers.admit(batch(old, 1))
    const now = producers.open({ producerId: old.producerId, epoch: 3, sequenceNumber: 10 })
    expect(now).toMatchObject({ epoch: 3, sequenceNumber: 10 })
    const stolen = expect.objectContaining({ refusal: expect.objectContaining({ kind: 'producer-fenced' }) })
    expect(() => producers.admit(batch(old, 2))).toThrow(stolen)
    expect(() => producers.open({ producerId: old.producerId, epoch: 2 })).toThrow(stolen)
    expect(producers.admit(batch(now, 11))).toBe(true)
    expect(producers.open({ producerId: old.producerId })).toMatchObject({ epoch: 4 })
  })

  test('that comes again keeps its place', () => {
    const producers = new IdempotentProducers()
    const mark = producers.open({})
    producers.admit(batch(mark, 1, 2))
    expect(producers.open({ producerId: mark.producerId, epoch: mark.epoch })).toMatchObject({ sequenceNumber: 2 })
    expect(producers.open({ ...mark, sequenceNumber: 0 })).toMatchObject({ sequenceNumber: 0 })
    expect(producers.admit(batch(mark, 1, 2))).toBe(false)
    expect(producers.admit(batch(mark, 3))).toBe(true)
  })

  test('can not have negative numbers', () => {
    const outOfRange = expect.objectContaining({ refusal: expect.objectContaining({ kind: 'producer-out-of-range' }) })
    for (const wanted of [{ epoch: -1 }, { sequenceNumber: -1 }, { producerId: -1 }]) {
      expect(() => new IdempotentProducers().open(wanted)).toThrow(outOfRange)
    }
  })

  test('goes on at 0 after the largest sequence number', () => {
    const producers = new IdempotentProducers()
    const mark = producers.open({ producerId: 7, epoch: 0, sequenceNumber: 0x7fff_ffff - 1 })
    expect(producers.admit(batch(mark, 0x7fff_ffff))).toBe(true)
    expect(producers.admit(batch(mark, 0))).toBe(true)
  })
})

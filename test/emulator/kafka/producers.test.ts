import { expect, test } from 'vitest'
import { Producers } from '../../../src/emulator/kafka/producers.js'
import { Partition } from '../../../src/emulator/model/partition.js'

const createPartition = () => new Partition('0', { ageMs: 3_600_000, bytes: 1_000_000, count: 1000 })

test('a partition remembers many producers: the one not heard of for longest is forgotten and may begin anew', () => {
  const producers = new Producers()
  const [partition, other] = [createPartition(), createPartition()]
  const mark = (producerId: number, baseSequence = 0) => ({ producerId, producerEpoch: 0, baseSequence })
  const store = (producerId: number, baseSequence: number, where = partition) =>
    producers.stored(where, mark(producerId, baseSequence), { count: 1, baseOffset: producerId })
  store(1, 0, other)
  for (let id = 1; id <= 10_000; id++) store(id, 0)
  // The first is heard of again: the second is now the oldest.
  store(1, 1)
  expect(producers.storedBefore(partition, mark(2), 1)).toBe(2)
  store(10_001, 0)
  expect(producers.storedBefore(partition, mark(2), 1)).toBeUndefined()
  expect(producers.storedBefore(partition, mark(2, 7), 1)).toBeUndefined()
  expect(producers.storedBefore(partition, mark(1, 1), 1)).toBe(1)
  expect(() => producers.storedBefore(partition, mark(3, 7), 1)).toThrow('out of order')
  expect(producers.storedBefore(other, mark(1), 1)).toBe(1)
})

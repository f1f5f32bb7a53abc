import fc from 'fast-check'
import { Partitioners as kafkajsPartitioners } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { legacyMurmur2, murmur2 } from '../../../src/producer/murmur2.js'
import { Partitioners } from '../../../src/producer/partitioners.js'
import type { PartitionMetadata } from '../../../src/types/producer.js'

const partitions = (count: number, withoutLeader: number[] = []): PartitionMetadata[] =>
  Array.from({ length: count }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: withoutLeader.includes(partitionId) ? -1 : 0,
    replicas: [0],
    isr: [0],
  }))

describe('murmur2', () => {
  it.each([
    ['', 275646681],
    ['a', -1563381124],
    ['abc', 479470107],
    ['key', -1079937367],
    ['key-1', 193331640],
    ['hello', 2132663229],
    ['100:48069', 1009543857],
    ['ünïcode', -888566395],
    ['日本語', 1431860170],
    [Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x7f]), 998457672],
    [0, 971027396],
    ['1', -1993445489],
    ['128', -326012175],
  ])('of %j is %i', (key, hash) => {
    expect(murmur2(key)).toBe(hash)
  })

  it.each([
    ['0', 272173970],
    ['1', 1311020360],
    ['2187', -2081355488],
    ['128', 2053105854],
    ['', 275646684],
    ['a', -809885833],
    ['abc', 1545667907],
    ['key', 1778481923],
    ['key-1', 461895951],
    ['hello', 2001906884],
    ['日本語', 511316724],
  ])('of kafkajs 1, of %j, is %i', (key, hash) => {
    expect(legacyMurmur2(key)).toBe(hash)
  })
})

const names = ['DefaultPartitioner', 'LegacyPartitioner', 'JavaCompatiblePartitioner'] as const
const originals = kafkajsPartitioners as unknown as typeof Partitioners

describe.each(names)('%s', (name) => {
  const topic = 'topic'

  it('chooses what kafkajs chooses, for any key', () => {
    const ours = Partitioners[name]()
    const theirs = originals[name]()
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 1024 }),
        (key, count) => {
          const message = { key: typeof key === 'string' ? key : Buffer.from(key), value: null }
          const partitionMetadata = partitions(count, [0, 2])
          expect(ours({ topic, partitionMetadata, message })).toBe(theirs({ topic, partitionMetadata, message }))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('keeps an explicit partition, 0 included, over the key', () => {
    const partitioner = Partitioners[name]()
    const partitionMetadata = partitions(3)
    expect(partitioner({ topic, partitionMetadata, message: { key: '1', value: null, partition: 99 } })).toBe(99)
    expect(partitioner({ topic, partitionMetadata, message: { key: '1', value: null, partition: 0 } })).toBe(0)
  })

  it('takes turns without a key, per topic, over the partitions that have a leader', () => {
    const partitioner = Partitioners[name]()
    const choose = (of: string) =>
      partitioner({ topic: of, partitionMetadata: partitions(4, [1]), message: { value: null } })
    const first = [choose('a'), choose('a'), choose('a')]
    expect([...first].sort((a, b) => a - b)).toEqual([0, 2, 3])
    choose('b')
    expect([choose('a'), choose('a'), choose('a')]).toEqual(first)
  })

  it('still chooses when no partition has a leader', () => {
    const partitioner = Partitioners[name]()
    const chosen = partitioner({ topic, partitionMetadata: partitions(2, [0, 1]), message: { value: null } })
    expect([0, 1]).toContain(chosen)
  })
})

it('has the default partitioner under both names', () => {
  expect(Partitioners.JavaCompatiblePartitioner).toBe(Partitioners.DefaultPartitioner)
  expect(Object.keys(Partitioners)).toEqual(Object.keys(originals))
})

import { describe, expect, it } from 'vitest'
import defaultExport, * as ours from '../../src/index.js'
import { kafkajs } from './kafkajs.js'

const theirs = kafkajs as unknown as Record<string, unknown>
const mine = ours as unknown as Record<string, unknown>
const names = Object.keys(theirs)

/** A value without what cannot be compared: functions stand for themselves. */
const shapeOf = (value: unknown): unknown => {
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]))
}

/** An export without what this package has besides. */
function withoutAdditions(name: string): unknown {
  if (name !== 'PartitionAssigners') return mine[name]
  const { sticky, ...known } = ours.PartitionAssigners
  expect(sticky).toBeTypeOf('function')
  return known
}

describe('the exports of kafkajs', () => {
  it('are all here, by name and in the default export', () => {
    expect(names).toHaveLength(44)
    expect(names.filter((name) => !(name in mine))).toEqual([])
    expect(names.filter((name) => !(name in defaultExport))).toEqual([])
    for (const name of names) expect(defaultExport[name as keyof typeof defaultExport]).toBe(mine[name])
  })

  it.each(names)('%s has the same shape', (name) => {
    const known = withoutAdditions(name)
    expect(shapeOf(known)).toEqual(shapeOf(theirs[name]))
    expect(Object.keys(known as object)).toEqual(Object.keys(theirs[name] as object))
  })

  it('have one-way enums', () => {
    expect((ours.logLevel as Record<number, unknown>)[4]).toBeUndefined()
    expect(Object.values(ours.CompressionTypes)).toEqual([0, 1, 2, 3, 4])
  })

  it('let codecs be registered', () => {
    const { CompressionCodecs, CompressionTypes } = ours
    const missing = CompressionCodecs[CompressionTypes.LZ4]
    const codec = () => ({ compress: () => Buffer.alloc(0), decompress: () => Buffer.alloc(0) })
    CompressionCodecs[CompressionTypes.LZ4] = codec
    expect(defaultExport.CompressionCodecs[CompressionTypes.LZ4]).toBe(codec)
    CompressionCodecs[CompressionTypes.LZ4] = missing
  })

  it('are joined by these', () => {
    expect(
      Object.keys(ours)
        .filter((name) => !(name in theirs))
        .sort(),
    ).toEqual([
      'azureAdAuth',
      'blobCheckpointStore',
      'default',
      'fileCheckpointStore',
      'isKafkaJSError',
      'memoryCheckpointStore',
      'msalAuth',
      'oauthBearerAuth',
      'sasAuth',
    ])
  })
})

import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR, KafkaError } from '../../../src/emulator/kafka/protocol/error-codes.js'
import { readBatch } from '../../../src/emulator/kafka/records/batch-reader.js'
import { BatchWriter } from '../../../src/emulator/kafka/records/batch-writer.js'
import { crc32c } from '../../../src/emulator/kafka/records/crc32c.js'
import { BATCH, type KafkaRecord } from '../../../src/emulator/kafka/records/record-batch.js'

const limits = { compression: 'gzip', maxBytes: 1_000_000 } as const

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const records = fc.array(
  fc.record({
    timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(fc.record({ name: fc.string({ maxLength: 10 }), value: fc.option(bytes) }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 20 },
)

function write(batch: readonly KafkaRecord[], base = 5): Buffer {
  const writer = new BatchWriter()
  writer.begin(base, { type: 'create', base: batch[0]?.timestamp ?? 0 })
  for (const [index, record] of batch.entries()) writer.add({ ...record, offset: base + index })
  return Buffer.from(writer.bytes())
}

/** The same batch with its records compressed and its checksum right. */
function compress(batch: Buffer, codec: number, packed: Buffer): Buffer {
  const whole = Buffer.concat([batch.subarray(0, BATCH.records), packed])
  whole.writeInt32BE(whole.length - 12, BATCH.length)
  whole.writeInt16BE(codec, BATCH.attributes)
  return sign(whole)
}

function sign(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, BATCH.attributes), BATCH.crc)
  return batch
}

function with32(batch: Buffer, value: number, at: number): Buffer {
  batch.writeInt32BE(value, at)
  return batch
}

function codeOf(step: () => unknown): number | undefined {
  try {
    step()
    return undefined
  } catch (error) {
    if (error instanceof KafkaError) return error.code
    throw error
  }
}

describe('record batches', () => {
  it('have the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.from('xx123456789yy'), 2, 11)).toBe(0xe3069283)
  })

  it('come back as they were written, compressed or not', () => {
    fc.assert(
      fc.property(records, (batch) => {
        const written = write(batch)
        expect(readBatch(written, limits).records).toEqual(batch)
        const packed = compress(written, 1, gzipSync(written.subarray(BATCH.records)))
        expect(readBatch(packed, limits).records).toEqual(batch)
      }),
      { numRuns: 200, seed: 14 },
    )
  })

  it('are what kafkajs writes, and kafkajs reads what we write', async () => {
    const require = createRequire(import.meta.url)
    const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as { RecordBatch: KafkajsEncode }
    const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: object) => unknown
    const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => unknown
    const decode = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as KafkajsDecode
    const time = 1_700_000_000_000
    const encoded = await RecordBatch({
      compression: 0,
      firstTimestamp: time,
      maxTimestamp: time + 1,
      lastOffsetDelta: 1,
      firstSequence: 3,
      producerId: 9,
      producerEpoch: 2,
      records: [
        Record({ offsetDelta: 0, timestampDelta: 0, key: 'k', value: 'v', headers: { a: ['1', '2'], b: 'x' } }),
        Record({ offsetDelta: 1, timestampDelta: 1, key: null, value: null, headers: {} }),
      ],
    })
    const read = readBatch(encoded.buffer, limits)
    expect(read.producer).toEqual({ producerId: 9, producerEpoch: 2, baseSequence: 3 })
    expect(read.records.map(({ key, value, timestamp }) => [key?.toString(), value?.toString(), timestamp])).toEqual([
      ['k', 'v', time],
      [undefined, undefined, time + 1],
    ])
    expect(read.records[0]?.headers.map(({ name, value }) => `${name}=${value}`)).toEqual(['a=1', 'a=2', 'b=x'])

    const decoded = await decode(new Decoder(write(read.records)))
    expect(decoded.records.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
      ['5', String(time)],
      ['6', String(time + 1)],
    ])
  })

  it('are refused for what Kafka refuses them for', () => {
    const batch = write([{ timestamp: 1, key: null, value: Buffer.from('v'), headers: [] }])
    const changed = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(batch)
      change(copy)
      return codeOf(() => readBatch(copy, limits))
    }
    expect(changed((copy) => copy.writeUInt8(copy.readUInt8(65) ^ 1, 65))).toBe(ERROR.corruptMessage)
    expect(changed((copy) => copy.writeInt8(1, BATCH.magic))).toBe(ERROR.unsupportedForMessageFormat)
    expect(changed((copy) => sign(copy).writeInt32BE(500, BATCH.length))).toBe(ERROR.corruptMessage)
    expect(changed((copy) => sign(with32(copy, 2, BATCH.recordCount)))).toBe(ERROR.invalidRecord)
    expect(changed((copy) => sign(with32(copy, 0x10_0000, BATCH.attributes)))).toBe(
      ERROR.transactionalIdAuthorizationFailed,
    )
    expect(codeOf(() => readBatch(Buffer.concat([batch, batch]), limits))).toBe(ERROR.invalidRecord)
    expect(codeOf(() => readBatch(batch.subarray(0, 40), limits))).toBe(ERROR.corruptMessage)
  })

  it.each([2, 3, 4])('of codec %i are refused as the service does, and gzip where it is switched off', (codec) => {
    const batch = write([{ timestamp: 1, key: null, value: Buffer.from('v'), headers: [] }])
    const packed = compress(batch, codec, Buffer.from('whatever'))
    expect(codeOf(() => readBatch(packed, limits))).toBe(ERROR.unsupportedForMessageFormat)
    const gzipped = compress(batch, 1, gzipSync(batch.subarray(BATCH.records)))
    expect(codeOf(() => readBatch(gzipped, { ...limits, compression: 'none' }))).toBe(ERROR.unsupportedForMessageFormat)
  })

  it('do not grow beyond their limit when they are decompressed', () => {
    const batch = write([{ timestamp: 1, key: null, value: Buffer.alloc(2_000_000), headers: [] }])
    const bomb = compress(batch, 1, gzipSync(batch.subarray(BATCH.records)))
    expect(bomb.length).toBeLessThan(10_000)
    expect(codeOf(() => readBatch(bomb, limits))).toBe(ERROR.messageTooLarge)
    expect(codeOf(() => readBatch(compress(batch, 1, Buffer.from('no gzip')), limits))).toBe(ERROR.corruptMessage)
  })

  it('that are malformed are refused, whatever their bytes', () => {
    const batch = write([
      { timestamp: 1, key: Buffer.from('k'), value: Buffer.from('v'), headers: [{ name: 'h', value: null }] },
    ])
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(batch.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const copy = Buffer.from(batch)
        for (const [at, byte] of changes) copy[at] = byte
        codeOf(() => readBatch(sign(copy), limits))
      }),
      { numRuns: 3000, seed: 14 },
    )
  })
})

type KafkajsEncode = (batch: object) => Promise<{ buffer: Buffer }>
type KafkajsDecode = (decoder: unknown) => Promise<{ records: { offset: string; timestamp: string }[] }>

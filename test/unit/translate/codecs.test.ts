import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../../../src/errors/index.js'
import {
  CompressionCodecs,
  compressBody,
  contentEncoding,
  decompressBody,
  largestBody,
  requireCodec,
} from '../../../src/translate/codecs.js'
import { CompressionTypes } from '../../../src/types/enums.js'
import { kafkajs } from '../../parity/kafkajs.js'

const original = { ...CompressionCodecs }
afterEach(() => void Object.assign(CompressionCodecs, original))

const body = Buffer.from('hello hello hello hello')

/** In the shape of kafkajs-snappy and kafkajs-lz4: takes the encoder, gives a Buffer. */
const reversing = () => ({
  compress: async (encoder: { buffer: Buffer }) => Buffer.from(encoder.buffer).reverse(),
  decompress: async (buffer: Buffer) => Buffer.from(buffer).reverse(),
})

describe('the codecs', () => {
  it('are keyed as in kafkajs', () => {
    expect(Object.keys(CompressionCodecs)).toEqual(Object.keys(kafkajs.CompressionCodecs))
  })

  it.each([
    ['Snappy', CompressionTypes.Snappy],
    ['LZ4', CompressionTypes.LZ4],
    ['ZSTD', CompressionTypes.ZSTD],
  ] as const)('%s is missing until registered, in the words of kafkajs', async (name, type) => {
    expect(() => CompressionCodecs[type]()).toThrow(KafkaJSNotImplemented)
    expect(() => requireCodec(type)).toThrow(`${name} compression not implemented`)
    expect(() => kafkajs.CompressionCodecs[type]()).toThrow(`${name} compression not implemented`)
    await expect(compressBody(body, type)).rejects.toBeInstanceOf(KafkaJSNotImplemented)
  })

  it.each([
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
    ['zstd', CompressionTypes.ZSTD],
  ] as const)('%s works once registered', async (encoding, type) => {
    CompressionCodecs[type] = reversing
    const compressed = await compressBody(body, type)
    expect(compressed).toEqual({ body: Buffer.from(body).reverse(), contentEncoding: encoding })
    await expect(decompressBody(compressed.body, encoding)).resolves.toEqual(body)
  })

  it('GZIP is built in, and read by anyone', async () => {
    const compressed = await compressBody(body, CompressionTypes.GZIP)
    expect(compressed.contentEncoding).toBe('gzip')
    await expect(decompressBody(compressed.body, 'gzip')).resolves.toEqual(body)
    await expect(decompressBody(gzipSync(body), 'gzip')).resolves.toEqual(body)
    await expect(CompressionCodecs[CompressionTypes.GZIP]().decompress(gzipSync(body))).resolves.toEqual(body)
  })

  it('None leaves the body as it is', async () => {
    for (const type of [CompressionTypes.None, undefined, null]) {
      expect((await compressBody(body, type)).body).toBe(body)
      expect(() => requireCodec(type)).not.toThrow()
    }
    expect(contentEncoding(CompressionTypes.None)).toBeUndefined()
    await expect(decompressBody(body, undefined)).resolves.toBe(body)
    await expect(decompressBody(body, 'utf-8')).resolves.toBe(body)
  })

  it('says what is wrong with bytes and types that make no sense', async () => {
    await expect(decompressBody(Buffer.from('no gzip'), 'gzip')).rejects.toThrow(KafkaJSNonRetriableError)
    await expect(decompressBody(Buffer.from('no gzip'), 'gzip')).rejects.toThrow('gzip body could not be decompressed')
    await expect(compressBody(body, 9 as never)).rejects.toThrow('Invalid compression type 9')
  })

  it('GZIP inflates no body beyond the limit, and none larger is compressed', async () => {
    const part = 1024 * 1024
    // gzip's parts follow one another, and are read as one.
    const parts = Array(largestBody / part).fill(gzipSync(Buffer.alloc(part)))
    expect((await decompressBody(Buffer.concat(parts), 'gzip')).length).toBe(largestBody)
    await expect(decompressBody(Buffer.concat([...parts, gzipSync('x')]), 'gzip')).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining(`larger than ${largestBody} bytes`),
    })
    await expect(compressBody(Buffer.alloc(largestBody + 1), CompressionTypes.GZIP)).rejects.toMatchObject({
      type: 'MESSAGE_TOO_LARGE',
    })
  })
})

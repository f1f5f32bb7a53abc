import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { CompressionTypes } from '../types/enums.js'

/** The argument of a codec's `compress`: of kafkajs's encoder, the bytes. */
interface Encoder {
  readonly buffer: Buffer
}

/** A codec as `kafkajs-snappy`, `kafkajs-lz4` and `@kafkajs/zstd` export them (by a function that makes it). */
interface Codec {
  compress(encoder: Encoder): Buffer | Promise<Buffer>
  decompress(buffer: Buffer): Buffer | Promise<Buffer>
}

/**
 * Bytes of the largest body that is compressed, and that gzip is let inflate to: a few bytes must not become all of a
 * reader's memory.
 */
export const largestBody: number = 128 * 1024 * 1024

const gzipCodec: Codec = {
  compress: ({ buffer }) => promisify(gzip)(buffer),
  decompress: (buffer) => promisify(gunzip)(buffer, { maxOutputLength: largestBody }),
}

const missing = (name: string) => () => {
  throw new KafkaJSNotImplemented(`${name} compression not implemented`)
}

/**
 * The codecs by compression type. GZIP is built in; assign the others at start:
 * `CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec`.
 *
 * @public
 */
// biome-ignore-start lint/suspicious/noExplicitAny: kafkajs's contract
export const CompressionCodecs: {
  [CompressionTypes.GZIP]: () => any
  [CompressionTypes.Snappy]: () => any
  [CompressionTypes.LZ4]: () => any
  [CompressionTypes.ZSTD]: () => any
} = {
  [CompressionTypes.GZIP]: () => gzipCodec,
  [CompressionTypes.Snappy]: missing('Snappy'),
  [CompressionTypes.LZ4]: missing('LZ4'),
  [CompressionTypes.ZSTD]: missing('ZSTD'),
}
// biome-ignore-end lint/suspicious/noExplicitAny: kafkajs's contract

const encodings = new Map<string, CompressionTypes>([
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
])

/** The AMQP `content-encoding` of a compression type; undefined for `None`. */
export function contentEncoding(type: CompressionTypes): string | undefined {
  return [...encodings].find(([, known]) => known === type)?.[0]
}

/**
 * The registered codec. Undefined for `None`. Throws `KafkaJSNotImplemented` where none is registered: as in kafkajs, a
 * send with such a type rejects, whether or not the body is compressed in the end.
 */
function codecOf(type: CompressionTypes | null | undefined): Codec | undefined {
  if (!type) return undefined
  const create = (CompressionCodecs as Record<number, (() => Codec) | undefined>)[type]
  if (!create) throw new KafkaJSNonRetriableError(`Invalid compression type ${String(type)}`)
  return create()
}

/** Throws when a type has no codec: {@link codecOf} without the codec. */
export function requireCodec(type: CompressionTypes | null | undefined): void {
  codecOf(type)
}

/** A body and the `content-encoding` that tells how it was compressed; undefined: it was not. */
export interface EncodedBody {
  readonly body: Buffer
  readonly contentEncoding: string | undefined
}

/**
 * Compresses one body with the registered codec. `None` leaves it as it is. Rejects with MESSAGE_TOO_LARGE for one that
 * its readers would not take.
 */
export async function compressBody(body: Buffer, type: CompressionTypes | null | undefined): Promise<EncodedBody> {
  const codec = codecOf(type)
  if (!codec || !type) return { body, contentEncoding: undefined }
  if (body.length > largestBody) {
    const message = `A message of ${body.length} bytes is not compressed: readers inflate up to ${largestBody} bytes`
    throw createProtocolError('MESSAGE_TOO_LARGE', { message })
  }
  return { body: await codec.compress({ buffer: body }), contentEncoding: contentEncoding(type) }
}

/**
 * Undoes {@link compressBody}. A `content-encoding` that is none of ours leaves the body as it is. Rejects with
 * `KafkaJSNotImplemented` when the codec is not registered, and with `KafkaJSNonRetriableError` when the bytes are not
 * what the encoding says.
 */
export async function decompressBody(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const type = encodings.get(encoding ?? '')
  if (type === undefined) return body
  const codec = codecOf(type)
  if (!codec) return body
  try {
    return await codec.decompress(body)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KafkaJSNonRetriableError(`The ${encoding} body could not be decompressed: ${reason}`, { cause })
  }
}

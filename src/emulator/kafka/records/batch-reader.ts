import { gunzipSync } from 'node:zlib'
import { ERROR, KafkaError } from '../protocol/error-codes.js'
import { crc32c } from './crc32c.js'
import {
  ATTRIBUTE,
  BATCH,
  type BatchProducer,
  CODEC,
  type KafkaRecord,
  LENGTH_STARTS_AFTER,
  MAGIC,
  type RecordHeader,
} from './record-batch.js'

/** A batch as a producer sent it. */
export interface ReceivedBatch {
  readonly producer: BatchProducer
  readonly records: readonly KafkaRecord[]
}

/**
 * Reads the one record batch a producer may send for a partition. Throws a {@link KafkaError} for what Kafka refuses, and
 * for what Event Hubs does besides: codecs other than gzip. Microsoft: "Apache Kafka troubleshooting guide for Event Hubs".
 */
export function readBatch(
  bytes: Buffer,
  limits: { readonly compression: 'gzip' | 'none'; readonly maxBytes: number },
): ReceivedBatch {
  const count = checkBatch(bytes)
  const codec = bytes.readInt16BE(BATCH.attributes) & ATTRIBUTE.codec
  const plain = codec === CODEC.none ? bytes.subarray(BATCH.records) : inflate(bytes, codec, limits)
  return {
    producer: {
      producerId: readInt64(bytes, BATCH.producerId),
      producerEpoch: bytes.readInt16BE(BATCH.producerEpoch),
      baseSequence: bytes.readInt32BE(BATCH.baseSequence),
    },
    records: new RecordReader(plain, readInt64(bytes, BATCH.baseTimestamp)).readAll(count),
  }
}

/** The number of records. */
function checkBatch(bytes: Buffer): number {
  if (bytes.length <= BATCH.magic) throw new KafkaError(ERROR.corruptMessage, 'The record batch is cut off.')
  if (bytes[BATCH.magic] !== MAGIC) {
    throw new KafkaError(ERROR.unsupportedForMessageFormat, 'Only record batches of magic 2 are taken.')
  }
  if (bytes.length < BATCH.records) throw new KafkaError(ERROR.corruptMessage, 'The record batch is cut off.')
  const length = bytes.readInt32BE(BATCH.length) + LENGTH_STARTS_AFTER
  if (length > bytes.length) throw new KafkaError(ERROR.corruptMessage, 'The record batch is cut off.')
  if (length < bytes.length) {
    throw new KafkaError(ERROR.invalidRecord, 'A Produce request must hold exactly one record batch per partition.')
  }
  if (bytes.readUInt32BE(BATCH.crc) !== crc32c(bytes, BATCH.attributes)) {
    throw new KafkaError(ERROR.corruptMessage, 'The checksum of the record batch is wrong.')
  }
  const attributes = bytes.readInt16BE(BATCH.attributes)
  if (attributes & (ATTRIBUTE.transactional | ATTRIBUTE.control)) {
    throw new KafkaError(ERROR.transactionalIdAuthorizationFailed, 'Transactions are not supported.')
  }
  const count = bytes.readInt32BE(BATCH.recordCount)
  if (count <= 0 || bytes.readInt32BE(BATCH.lastOffsetDelta) !== count - 1) {
    throw new KafkaError(ERROR.invalidRecord, 'The number of records is not what the batch says.')
  }
  return count
}

function inflate(
  bytes: Buffer,
  codec: number,
  { compression, maxBytes }: { readonly compression: 'gzip' | 'none'; readonly maxBytes: number },
): Buffer {
  if (codec !== CODEC.gzip || compression === 'none') {
    throw new KafkaError(
      ERROR.unsupportedForMessageFormat,
      'The message format version on the broker does not support the request.',
    )
  }
  try {
    return gunzipSync(bytes.subarray(BATCH.records), { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new KafkaError(ERROR.messageTooLarge, `The records take more than ${maxBytes} bytes decompressed.`)
    }
    throw new KafkaError(ERROR.corruptMessage, 'The record batch could not be decompressed.')
  }
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}

const NO_HEADERS: readonly RecordHeader[] = []

/** Reads records one after the other. */
class RecordReader {
  readonly #bytes: Buffer
  readonly #baseTimestamp: number
  #at = 0
  /** No value may go on behind it: the end of the record that is being read. */
  #end: number

  constructor(bytes: Buffer, baseTimestamp: number) {
    this.#bytes = bytes
    this.#baseTimestamp = baseTimestamp
    this.#end = bytes.length
  }

  readAll(count: number): KafkaRecord[] {
    const records: KafkaRecord[] = []
    for (let index = 0; index < count; index++) records.push(this.#record(index))
    if (this.#at !== this.#bytes.length) throw invalid('there is something behind the last record')
    return records
  }

  #record(index: number): KafkaRecord {
    this.#end = this.#bytes.length
    const length = this.#varint()
    const end = this.#at + length
    if (length < 0 || end > this.#bytes.length) throw invalid('a record is longer than its batch')
    this.#end = end
    this.#skip(1)
    const timestamp = this.#baseTimestamp + this.#varint()
    if (this.#varint() !== index) throw invalid('the offsets of the records are not 0, 1, 2 …')
    const key = this.#nullable()
    const value = this.#nullable()
    const headers = this.#headers()
    if (this.#at !== end) throw invalid('a record is longer than its fields')
    return { timestamp, key, value, headers }
  }

  #headers(): readonly RecordHeader[] {
    const count = this.#varint()
    if (count < 0 || count > this.#end - this.#at) throw invalid('the number of headers is wrong')
    if (count === 0) return NO_HEADERS
    const headers: RecordHeader[] = []
    for (let index = 0; index < count; index++) {
      const name = this.#nullable()
      if (name === null) throw invalid('a header has no name')
      headers.push({ name: name.toString('utf8'), value: this.#nullable() })
    }
    return headers
  }

  #nullable(): Buffer | null {
    const length = this.#varint()
    if (length < 0) {
      if (length === -1) return null
      throw invalid('a length is negative')
    }
    const start = this.#skip(length)
    return this.#bytes.subarray(start, this.#at)
  }

  #skip(length: number): number {
    const start = this.#at
    if (length > this.#end - start) throw invalid('a record ends too early')
    this.#at = start + length
    return start
  }

  /** Zigzag; as a double, so that one function reads both widths. */
  #varint(): number {
    let value = 0
    let factor = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#skip(1)] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 0x80
    }
    throw invalid('a varint is too long')
  }
}

function invalid(reason: string): KafkaError {
  return new KafkaError(ERROR.invalidRecord, `The record batch is malformed: ${reason}.`)
}

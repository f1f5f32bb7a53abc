import { crc32c } from './crc32c.js'
import { ATTRIBUTE, BATCH, LENGTH_STARTS_AFTER, MAGIC } from './record-batch.js'

/** The source of a header's value: its bytes as they are, or a part of a stored event. */
export interface HeaderPart {
  readonly name: string | Buffer
  readonly value: Buffer | null
}

/** The time that a batch to be read says of itself. */
export type BatchTime =
  | { readonly type: 'log-append'; readonly time: number }
  | { readonly type: 'create'; readonly base: number }

/** The most a varint of 53 bits takes. */
const MAX_VARINT = 8
/** Length, attributes, two deltas, two lengths and a count. */
const RECORD_OVERHEAD = 6 * MAX_VARINT + 1

const FIRST_SIZE = 16 * 1024

/**
 * Writes record batches one behind the other, as a Fetch is answered. Record by record into one buffer that grows: the
 * length of a record stands before it, so that is computed first.
 */
export class BatchWriter {
  #buffer: Buffer
  #at = 0
  #batchStart = 0
  #count = 0
  #base: { offset: number; timestamp: number } | undefined
  #maxTimestamp = 0
  #attributes = 0

  constructor(sizeHint = FIRST_SIZE) {
    this.#buffer = Buffer.allocUnsafe(Math.max(sizeHint, FIRST_SIZE))
  }

  get size(): number {
    return this.#at
  }

  /** Records in the batch that is open. */
  get count(): number {
    return this.#count
  }

  /**
   * Opens a batch. Under log append time the whole batch has one: as base and as maximum, with deltas of 0, since some
   * readers add the delta whatever the flag says.
   */
  begin(offset: number, time: BatchTime): void {
    this.#ensure(BATCH.records)
    this.#batchStart = this.#at
    this.#at += BATCH.records
    this.#count = 0
    const timestamp = time.type === 'log-append' ? time.time : time.base
    this.#base = { offset, timestamp }
    this.#maxTimestamp = timestamp
    this.#attributes = time.type === 'log-append' ? ATTRIBUTE.logAppendTime : 0
  }

  add(record: {
    readonly offset: number
    readonly timestamp: number
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: readonly HeaderPart[]
  }): void {
    const base = this.#base
    if (!base) throw new Error('no batch is open')
    const { key, value, headers } = record
    const offsetDelta = record.offset - base.offset
    const timestampDelta = this.#attributes & ATTRIBUTE.logAppendTime ? 0 : record.timestamp - base.timestamp
    let size = 1 + sizeOf(timestampDelta) + sizeOf(offsetDelta) + nullableSize(key) + nullableSize(value)
    size += sizeOf(headers.length)
    for (const header of headers) size += nameSize(header.name) + nullableSize(header.value)
    this.#ensure(size + RECORD_OVERHEAD)
    this.#varint(size)
    this.#buffer[this.#at++] = 0
    this.#varint(timestampDelta)
    this.#varint(offsetDelta)
    this.#nullable(key)
    this.#nullable(value)
    this.#varint(headers.length)
    for (const header of headers) {
      if (typeof header.name === 'string') this.#text(header.name)
      else this.#nullable(header.name)
      this.#nullable(header.value)
    }
    this.#count++
    if (record.timestamp > this.#maxTimestamp) this.#maxTimestamp = record.timestamp
  }

  /** Closes the batch: writes what stands before its records. */
  end(): void {
    const base = this.#base
    if (!base) return
    const buffer = this.#buffer
    const start = this.#batchStart
    const logAppend = (this.#attributes & ATTRIBUTE.logAppendTime) !== 0
    writeInt64(buffer, base.offset, start + BATCH.baseOffset)
    buffer.writeInt32BE(this.#at - start - LENGTH_STARTS_AFTER, start + BATCH.length)
    // Observed in the service's batches: confluent-kafka-dotnet #2059.
    buffer.writeInt32BE(0, start + BATCH.leaderEpoch)
    buffer[start + BATCH.magic] = MAGIC
    buffer.writeInt16BE(this.#attributes, start + BATCH.attributes)
    buffer.writeInt32BE(this.#count - 1, start + BATCH.lastOffsetDelta)
    writeInt64(buffer, base.timestamp, start + BATCH.baseTimestamp)
    writeInt64(buffer, logAppend ? base.timestamp : this.#maxTimestamp, start + BATCH.maxTimestamp)
    buffer.fill(0xff, start + BATCH.producerId, start + BATCH.recordCount)
    buffer.writeInt32BE(this.#count, start + BATCH.recordCount)
    buffer.writeUInt32BE(crc32c(buffer, start + BATCH.attributes, this.#at), start + BATCH.crc)
    this.#base = undefined
  }

  /** All batches written. */
  bytes(): Buffer {
    this.end()
    return this.#buffer.subarray(0, this.#at)
  }

  #nullable(value: Buffer | null): void {
    if (value === null) {
      this.#varint(-1)
      return
    }
    this.#varint(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
  }

  #text(text: string): void {
    this.#varint(Buffer.byteLength(text))
    this.#at += this.#buffer.write(text, this.#at, 'utf8')
  }

  #varint(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }

  #ensure(length: number): void {
    if (this.#at + length <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + length))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

function writeInt64(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
}

/** Bytes of a zigzag varint. */
function sizeOf(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let size = 1
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function nullableSize(value: Buffer | null): number {
  return value === null ? 1 : sizeOf(value.length) + value.length
}

function nameSize(name: string | Buffer): number {
  const length = typeof name === 'string' ? Buffer.byteLength(name) : name.length
  return sizeOf(length) + length
}

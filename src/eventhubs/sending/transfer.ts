import type { OutgoingEvent } from '../../translate/event.js'
import { encodeEnvelope, encodeEvent, envelopeSize, producerMarkAt, writeProducerMark } from './encoding.js'
import { SpareBuffers } from './spare-buffers.js'

/** The producer that the service takes an idempotent producer to be. */
export interface ProducerIdentity {
  /** A long, as its eight bytes where JavaScript does not count so far. */
  readonly id: number | Buffer
  readonly epoch: number
}

/** Room of a transfer to begin with, bytes. */
const initialRoom = 2048

export interface TransferOptions {
  /** It has room for a producer's name and a sequence number in each event. */
  readonly isNumbered?: boolean
  /** Room comes from there, and goes back when the transfer is stored. */
  readonly buffers?: SpareBuffers
}

/** Events of one partition, encoded one behind the other as they come: what goes over the link in one piece. */
export class Transfer {
  readonly maxSizeInBytes: number
  count = 0
  sizeInBytes = 0
  #buffer: Buffer = Buffer.allocUnsafe(initialRoom)
  /** The places where events name their producer. */
  readonly #marks: number[] | undefined
  readonly #buffers: SpareBuffers
  #wasNumbered = false
  #timesSent = 0

  constructor(maxSizeInBytes: number, { isNumbered = false, buffers = new SpareBuffers() }: TransferOptions = {}) {
    this.maxSizeInBytes = maxSizeInBytes
    this.#buffers = buffers
    this.#marks = isNumbered ? [] : undefined
  }

  get isNumbered(): boolean {
    return this.#marks !== undefined
  }

  /** The events so far, as an AMQP message. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.sizeInBytes)
  }

  /** The same, to be written to a link. */
  sent(): Buffer {
    this.#timesSent++
    return this.bytes
  }

  /** It is stored, and its bytes are of no use any more. Those of one sent twice may still wait for a link that is lost. */
  stored(): void {
    if (this.#timesSent === 1) this.#buffers.give(this.#buffer)
    this.#buffer = nothing
  }

  /** Makes room at once for events of so many bytes. */
  reserve(bytes: number): void {
    const needed = Math.min(this.sizeInBytes + bytes + envelopeRoom, this.maxSizeInBytes)
    if (needed > this.#buffer.length) this.#grow(needed)
  }

  /** Adds an event as it is now, whose `encodedSize` this is; false when it does not fit, the transfer unchanged. */
  tryAdd(event: OutgoingEvent, size: number): boolean {
    const isFirst = this.count === 0
    const end = (isFirst ? envelopeSize(event) : this.sizeInBytes) + size
    if (end > this.maxSizeInBytes) return false
    if (end > this.#buffer.length) this.#grow(end)
    const start = isFirst ? encodeEnvelope(event, this.#buffer, 0) : this.sizeInBytes
    this.#marks?.push(producerMarkAt(size, start))
    this.sizeInBytes = encodeEvent(event, size, this.#buffer, start, this.isNumbered)
    this.count++
    return true
  }

  /** Writes producer and sequence numbers, counted on from `first`, into the events. */
  number(producer: ProducerIdentity, first: number): void {
    // Bytes that went out before may not have left the process.
    if (this.#wasNumbered) this.#buffer = Buffer.from(this.bytes)
    this.#wasNumbered = true
    let sequenceNumber = first
    for (const at of this.#marks ?? []) {
      writeProducerMark(this.#buffer, at, producer, sequenceNumber)
      sequenceNumber = sequenceNumber === lastNumber ? 0 : sequenceNumber + 1
    }
  }

  #grow(needed: number): void {
    const larger = this.#buffers.take(Math.min(Math.max(needed, this.#buffer.length * 2), this.maxSizeInBytes))
    larger.set(this.bytes)
    this.#buffers.give(this.#buffer)
    this.#buffer = larger
  }
}

const nothing = Buffer.alloc(0)

/** The bytes that are mostly enough for what stands before the first event. */
const envelopeRoom = 256

/** Sequence numbers are AMQP ints and begin at 0 again. */
const lastNumber = 2 ** 31 - 1

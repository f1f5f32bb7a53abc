import type { OutgoingEvent } from '../../translate/event.js'
import type { EventBatch } from '../transport.js'
import { encodedSize, encodeEnvelope, encodeEvent, envelopeSize } from './encoding.js'

/** Room of a transfer to begin with, bytes. */
const initialRoom = 2048

/** Events of one partition, encoded one behind the other as they come: what goes over the link in one piece. */
export class Transfer implements EventBatch {
  readonly partitionId: string
  readonly maxSizeInBytes: number
  count = 0
  sizeInBytes = 0
  #buffer: Buffer = Buffer.allocUnsafe(initialRoom)

  constructor(partitionId: string, maxSizeInBytes: number) {
    this.partitionId = partitionId
    this.maxSizeInBytes = maxSizeInBytes
  }

  /** The batch so far, as an AMQP message. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.sizeInBytes)
  }

  tryAdd(event: OutgoingEvent): boolean {
    const size = encodedSize(event)
    const end = (this.count === 0 ? envelopeSize(event) : this.sizeInBytes) + size
    if (end > this.maxSizeInBytes) return false
    if (end > this.#buffer.length) this.#grow(end)
    const start = this.count === 0 ? encodeEnvelope(event, this.#buffer, 0) : this.sizeInBytes
    this.sizeInBytes = encodeEvent(event, size, this.#buffer, start)
    this.count++
    return true
  }

  #grow(needed: number): void {
    const room = Math.min(Math.max(needed, this.#buffer.length * 2), this.maxSizeInBytes)
    const larger = Buffer.allocUnsafe(room)
    larger.set(this.bytes)
    this.#buffer = larger
  }
}

import { DecodeError } from './values.js'

const HEAD = 8

/** One frame as it came. */
export interface Frame {
  /** 0 is AMQP, 1 is SASL. */
  readonly type: number
  readonly channel: number
  /** The whole frame; its body begins at `bodyStart`. Empty bodies keep a connection alive. */
  readonly bytes: Buffer
  readonly bodyStart: number
}

/** Cuts what comes in into protocol headers and frames. AMQP 1.0 §2.2, §2.3. */
export class FrameReader {
  readonly #maxFrameSize: number
  #data: Buffer = Buffer.alloc(0)
  #at = 0
  /** Gathered until they are enough for the frame that has begun. */
  #parts: Buffer[] = []
  #partsSize = 0
  #wanted = 0

  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize
  }

  push(data: Buffer): void {
    this.#parts.push(data)
    this.#partsSize += data.length
    if (this.#partsSize < this.#wanted) return
    const rest = this.#data.subarray(this.#at)
    this.#data = rest.length === 0 && this.#parts.length === 1 ? data : Buffer.concat([rest, ...this.#parts])
    this.#at = 0
    this.#parts = []
    this.#partsSize = 0
    this.#wanted = 0
  }

  /** Eight bytes that say which protocol follows; undefined while they are incomplete. */
  header(): Buffer | undefined {
    return this.#take(HEAD)
  }

  /** Undefined while it is incomplete. Throws {@link DecodeError} before one that is too large is gathered. */
  next(): Frame | undefined {
    const left = this.#data.length - this.#at
    if (left < 4) return undefined
    const size = this.#data.readUInt32BE(this.#at)
    if (size < HEAD) throw new DecodeError(`a frame of ${size} bytes`)
    if (size > this.#maxFrameSize) throw new DecodeError(`a frame of ${size} bytes, ${this.#maxFrameSize} are allowed`)
    if (left < size) {
      this.#wanted = size - left
      return undefined
    }
    const bytes = this.#take(size) as Buffer
    const bodyStart = (bytes[4] as number) * 4
    if (bodyStart < HEAD || bodyStart > size) throw new DecodeError('a frame whose body begins outside of it')
    return { type: bytes[5] as number, channel: bytes.readUInt16BE(6), bytes, bodyStart }
  }

  #take(size: number): Buffer | undefined {
    if (this.#data.length - this.#at < size) return undefined
    const taken = this.#data.subarray(this.#at, this.#at + size)
    this.#at += size
    return taken
  }
}

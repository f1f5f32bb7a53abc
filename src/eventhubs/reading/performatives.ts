import { DecodingError, decodeValue, endOfValue } from './decoding.js'

/** Descriptors of what frames carry. AMQP 1.0 part 2, 2.7. */
export const PERFORMATIVE = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
} as const

const names = Object.entries(PERFORMATIVE)
const symbolic: ReadonlyMap<unknown, number> = new Map(names.map(([name, code]) => [`amqp:${name}:list`, code]))

/** The descriptor of a frame's performative; 0 when it is none. */
export function codeOf(bytes: Buffer, at: number, end: number): number {
  if (at + 2 < end && bytes[at] === 0x00 && bytes[at + 1] === 0x53) return bytes[at + 2] as number
  if (at >= end || bytes[at] !== 0x00) return 0
  const descriptor = decodeValue(bytes, at + 1, end)
  return typeof descriptor === 'number' ? descriptor : (symbolic.get(descriptor) ?? 0)
}

/** Walks through the fields of a performative. Those that the list leaves out are null. */
export class FieldReader {
  /** The end of the list: the payload of a transfer begins there. */
  end = 0
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #left = 0

  /** Begins at a performative's descriptor. Throws `DecodingError`. */
  open(bytes: Buffer, at: number, end: number): void {
    const list = endOfValue(bytes, at + 1, end)
    this.#bytes = bytes
    this.end = endOfValue(bytes, list, end)
    const type = bytes[list]
    const width = type === 0xc0 ? 1 : type === 0xd0 ? 4 : 0
    if (width === 0 && type !== 0x45) throw new DecodingError('a performative is no list')
    this.#at = list + 1 + 2 * width
    if (this.#at > this.end) throw new DecodingError('a performative ends early')
    this.#left = width === 0 ? 0 : width === 1 ? (bytes[list + 2] as number) : bytes.readUInt32BE(list + 5)
  }

  skip(count: number): void {
    const bytes = this.#bytes
    for (let i = 0; i < count && this.#left > 0; i++) {
      // Most are null, true or false.
      if (((bytes[this.#at] as number) & 0xf0) === 0x40 && this.#at < this.end) {
        this.#at++
        this.#left--
      } else this.#next()
    }
  }

  /** The next field, whatever it is. */
  value(): unknown {
    if (this.#left === 0) return null
    const at = this.#at
    return decodeValue(this.#bytes, at, this.#next())
  }

  /** The next field where it is to be a whole number of at most 32 bits, or null. */
  uint(): number | undefined {
    if (this.#left === 0) return undefined
    const at = this.#at
    this.#next()
    switch (this.#bytes[at]) {
      case 0x40:
        return undefined
      case 0x43:
        return 0
      case 0x50:
      case 0x52:
        return this.#bytes[at + 1]
      case 0x60:
        return this.#bytes.readUInt16BE(at + 1)
      case 0x70:
        return this.#bytes.readUInt32BE(at + 1)
      default:
        throw new DecodingError(`a performative has type 0x${this.#bytes[at]?.toString(16)} where a number is to be`)
    }
  }

  /** The next field where it is to be true or false; null is false. */
  boolean(): boolean {
    if (this.#left === 0) return false
    const at = this.#at
    this.#next()
    const type = this.#bytes[at]
    if (type === 0x41 || (type === 0x56 && this.#bytes[at + 1] === 1)) return true
    if (type === 0x42 || type === 0x40 || type === 0x56) return false
    throw new DecodingError(`a performative has type 0x${type?.toString(16)} where true or false is to be`)
  }

  #next(): number {
    this.#at = endOfValue(this.#bytes, this.#at, this.end)
    this.#left--
    return this.#at
  }
}

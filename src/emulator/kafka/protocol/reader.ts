/** The bytes of a request are not what its API and version say. The connection they came by is closed. */
export class MalformedRequest extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MalformedRequest'
  }
}

/** Elements all arrays of one request may have together: more than any client asks for, few enough to be built. */
const MAX_ELEMENTS = 200_000

/** Reads Kafka's primitive types, in the old and in the compact encoding, and never beyond its bytes. */
export class Reader {
  readonly #buffer: Buffer
  #at: number
  #elements = 0

  constructor(buffer: Buffer, start = 0) {
    this.#buffer = buffer
    this.#at = start
  }

  get remaining(): number {
    return this.#buffer.length - this.#at
  }

  boolean(): boolean {
    return this.#buffer[this.#take(1)] !== 0
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  /** As a number: what is exact ends at 2^53, and no offset, time or id of ours is beyond. */
  int64(): number {
    const at = this.#take(8)
    return this.#buffer.readInt32BE(at) * 0x1_0000_0000 + this.#buffer.readUInt32BE(at + 4)
  }

  uuid(): Buffer {
    return this.#slice(16)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer[this.#take(1)] as number
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new MalformedRequest('a varint is longer than five bytes')
  }

  string(): string | null {
    return this.#text(this.int16())
  }

  compactString(): string | null {
    return this.#text(this.unsignedVarint() - 1)
  }

  bytes(): Buffer | null {
    return this.#bytes(this.int32())
  }

  compactBytes(): Buffer | null {
    return this.#bytes(this.unsignedVarint() - 1)
  }

  /** The number of elements of an array; -1 for null. Each takes a byte at least. */
  count(): number {
    return this.#count(this.int32())
  }

  compactCount(): number {
    return this.#count(this.unsignedVarint() - 1)
  }

  /** Tagged fields: whoever knows more than we do puts them there. */
  skipTags(): void {
    const count = this.unsignedVarint()
    for (let index = 0; index < count; index++) {
      this.unsignedVarint()
      this.#take(this.unsignedVarint())
    }
  }

  #text(length: number): string | null {
    if (length < 0) return this.#nothing(length)
    const start = this.#take(length)
    return this.#buffer.toString('utf8', start, start + length)
  }

  #bytes(length: number): Buffer | null {
    return length < 0 ? this.#nothing(length) : this.#slice(length)
  }

  #nothing(length: number): null {
    if (length < -1) throw new MalformedRequest('a length is negative')
    return null
  }

  #slice(length: number): Buffer {
    const start = this.#take(length)
    return this.#buffer.subarray(start, start + length)
  }

  #count(count: number): number {
    if (count < -1) throw new MalformedRequest('a count is negative')
    if (count > this.remaining) throw new MalformedRequest('an array is longer than the request')
    this.#elements += Math.max(count, 0)
    if (this.#elements > MAX_ELEMENTS) throw new MalformedRequest('the arrays of a request have too many elements')
    return count
  }

  #take(length: number): number {
    const start = this.#at
    if (length > this.#buffer.length - start) throw new MalformedRequest('the request ends too early')
    this.#at = start + length
    return start
  }
}

const FIRST_CHUNK = 512
/** From here on bytes are passed on as they are instead of being copied. */
const BY_REFERENCE = 4096

/** Writes Kafka's primitive types. What is large, the records of a Fetch, is not copied. */
export class Writer {
  #chunks: Buffer[] = []
  #size = 0
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_CHUNK)
  #at = 0

  /** Bytes written so far. */
  get size(): number {
    return this.#size + this.#at
  }

  /** The bytes written, in order. The writer is done with. */
  chunks(): Buffer[] {
    this.#flush()
    return this.#chunks
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    this.#ensure(1)
    this.#at = this.#buffer.writeInt8(value, this.#at)
  }

  int16(value: number): void {
    this.#ensure(2)
    this.#at = this.#buffer.writeInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.#ensure(4)
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
  }

  int64(value: number): void {
    this.#ensure(8)
    const high = Math.floor(value / 0x1_0000_0000)
    this.#at = this.#buffer.writeInt32BE(high, this.#at)
    this.#at = this.#buffer.writeUInt32BE(value - high * 0x1_0000_0000, this.#at)
  }

  uuid(value: Buffer): void {
    this.#ensure(16)
    this.#at += value.copy(this.#buffer, this.#at, 0, 16)
  }

  unsignedVarint(value: number): void {
    this.#ensure(5)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }

  string(value: string | null): void {
    if (value === null) {
      this.int16(-1)
      return
    }
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.#text(value, length)
  }

  compactString(value: string | null): void {
    if (value === null) {
      this.unsignedVarint(0)
      return
    }
    const length = Buffer.byteLength(value)
    this.unsignedVarint(length + 1)
    this.#text(value, length)
  }

  bytes(value: Buffer | null): void {
    this.int32(value === null ? -1 : value.length)
    if (value !== null) this.#raw(value)
  }

  compactBytes(value: Buffer | null): void {
    this.unsignedVarint(value === null ? 0 : value.length + 1)
    if (value !== null) this.#raw(value)
  }

  #text(value: string, length: number): void {
    this.#ensure(length)
    this.#at += this.#buffer.write(value, this.#at, 'utf8')
  }

  #raw(value: Buffer): void {
    if (value.length >= BY_REFERENCE) {
      this.#flush()
      this.#chunks.push(value)
      this.#size += value.length
      return
    }
    this.#ensure(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
  }

  #ensure(length: number): void {
    if (this.#at + length <= this.#buffer.length) return
    this.#flush()
    this.#buffer = Buffer.allocUnsafe(Math.max(2 * FIRST_CHUNK, length))
  }

  #flush(): void {
    if (this.#at === 0) return
    this.#chunks.push(this.#buffer.subarray(0, this.#at))
    this.#size += this.#at
    this.#buffer = this.#buffer.subarray(this.#at)
    this.#at = 0
  }
}

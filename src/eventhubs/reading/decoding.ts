/**
 * AMQP values as bytes: where one ends, and what it says. All types in all their encodings (AMQP 1.0 part 1, 1.6).
 *
 * Binary, uuids and decimals come as slices of what was read. So do whole numbers of 64 bits that JavaScript cannot hold,
 * which are 8 bytes then. A described value comes as {@link Described}, a map as an object with its keys as text.
 */

/** The bytes are no AMQP. */
export class DecodingError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodingError'
  }
}

/** A value with the mark of a type that somebody has defined. */
export interface Described {
  readonly descriptor: unknown
  readonly value: unknown
}

export type AmqpMap = Record<string, unknown>

/** Deeper nesting is made to harm. */
const deepest = 64

/** Values without bytes of their own can be claimed in any number. */
const mostEmptyValues = 65_536

const twoTo32 = 2 ** 32
/** High half of the first number past what JavaScript holds exactly. */
const inexact = 0x200000

/** Index of the byte behind the value at `at`. Throws {@link DecodingError} when that is not before `end`. */
export function endOfValue(bytes: Buffer, at: number, end: number): number {
  let start = at
  let depth = 0
  while (start < end && bytes[start] === 0x00) {
    if (++depth > deepest) throw new DecodingError('descriptors are nested too deep')
    start = endOfValue(bytes, start + 1, end)
  }
  if (start >= end) throw truncated(at)
  return endOfContent(bytes, bytes[start] as number, start + 1, end)
}

/** Index of the byte behind the content of a value of a type. The first digit of the type's code tells its width. */
function endOfContent(bytes: Buffer, type: number, at: number, end: number): number {
  let next: number
  switch (type >>> 4) {
    case 0x4:
      next = at
      break
    case 0x5:
      next = at + 1
      break
    case 0x6:
      next = at + 2
      break
    case 0x7:
      next = at + 4
      break
    case 0x8:
      next = at + 8
      break
    case 0x9:
      next = at + 16
      break
    case 0xa:
    case 0xc:
    case 0xe:
      if (at >= end) throw truncated(at)
      next = at + 1 + (bytes[at] as number)
      break
    case 0xb:
    case 0xd:
    case 0xf:
      if (at + 4 > end) throw truncated(at)
      next = at + 4 + bytes.readUInt32BE(at)
      break
    default:
      throw unknownType(type, at)
  }
  if (next > end) throw truncated(at)
  return next
}

/** Reads values one behind the other. */
export class ValueReader {
  at: number
  readonly #bytes: Buffer
  readonly #end: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.at = at
    this.#end = end
  }

  get isDone(): boolean {
    return this.at >= this.#end
  }

  read(): unknown {
    return this.#value(this.#end, 0)
  }

  #value(end: number, depth: number): unknown {
    if (depth > deepest) throw new DecodingError('values are nested too deep')
    const type = this.#byte(end)
    if (type !== 0x00) return this.#content(type, end, depth)
    const descriptor = this.#value(end, depth + 1)
    const value = this.#value(end, depth + 1)
    return { descriptor, value } satisfies Described
  }

  #byte(end: number): number {
    if (this.at >= end) throw truncated(this.at)
    return this.#bytes[this.at++] as number
  }

  #content(type: number, end: number, depth: number): unknown {
    const bytes = this.#bytes
    const { at } = this
    const next = endOfContent(bytes, type, at, end)
    switch (type) {
      case 0xc0:
      case 0xd0:
        return this.#list(type === 0xc0 ? 1 : 4, next, depth)
      case 0xc1:
      case 0xd1:
        return this.#map(type === 0xc1 ? 1 : 4, next, depth)
      case 0xe0:
      case 0xf0:
        return this.#array(type === 0xe0 ? 1 : 4, next, depth)
      default:
        this.at = next
        return primitive(bytes, type, at, next)
    }
  }

  /** The number of values that follow, after their size; each of the two takes so many bytes. */
  #count(width: number, next: number): number {
    const at = this.at + width
    this.at = at + width
    if (this.at > next) throw truncated(at)
    return width === 1 ? (this.#bytes[at] as number) : this.#bytes.readUInt32BE(at)
  }

  #list(width: number, next: number, depth: number): unknown[] {
    const count = this.#count(width, next)
    if (count > next - this.at) throw new DecodingError(`a list claims ${count} values in ${next - this.at} bytes`)
    const list: unknown[] = []
    for (let i = 0; i < count; i++) list.push(this.#value(next, depth + 1))
    this.#finish(next, 'list')
    return list
  }

  #map(width: number, next: number, depth: number): AmqpMap {
    const count = this.#count(width, next)
    if (count > next - this.at) throw new DecodingError(`a map claims ${count} values in ${next - this.at} bytes`)
    if (count % 2 !== 0) throw new DecodingError(`a map has ${count} keys and values: a key has none`)
    const map: AmqpMap = {}
    for (let i = 0; i < count; i += 2) {
      const key = this.#value(next, depth + 1)
      setEntry(map, keyText(key), this.#value(next, depth + 1))
    }
    this.#finish(next, 'map')
    return map
  }

  #array(width: number, next: number, depth: number): unknown[] {
    const count = this.#count(width, next)
    let type = this.#byte(next)
    for (let described = 0; type === 0x00; described++) {
      if (described > deepest) throw new DecodingError('descriptors are nested too deep')
      this.#value(next, depth + 1)
      type = this.#byte(next)
    }
    const most = type >>> 4 === 0x4 ? mostEmptyValues : next - this.at
    if (count > most) throw new DecodingError(`an array claims ${count} values in ${next - this.at} bytes`)
    if (depth >= deepest) throw new DecodingError('values are nested too deep')
    const array: unknown[] = []
    for (let i = 0; i < count; i++) array.push(this.#content(type, next, depth + 1))
    this.#finish(next, 'array')
    return array
  }

  #finish(next: number, what: string): void {
    if (this.at !== next) throw new DecodingError(`a ${what} is ${next - this.at} bytes longer than its values`)
  }
}

/** The value at `at`. */
export function decodeValue(bytes: Buffer, at = 0, end = bytes.length): unknown {
  return new ValueReader(bytes, at, end).read()
}

function primitive(bytes: Buffer, type: number, at: number, next: number): unknown {
  switch (type) {
    case 0x40:
      return null
    case 0x41:
      return true
    case 0x42:
      return false
    case 0x43:
    case 0x44:
      return 0
    case 0x45:
      return []
    case 0x56:
      return bytes[at] !== 0
    case 0x50:
    case 0x52:
    case 0x53:
      return bytes[at]
    case 0x51:
    case 0x54:
    case 0x55:
      return bytes.readInt8(at)
    case 0x60:
      return bytes.readUInt16BE(at)
    case 0x61:
      return bytes.readInt16BE(at)
    case 0x70:
    case 0x73:
      return bytes.readUInt32BE(at)
    case 0x71:
      return bytes.readInt32BE(at)
    case 0x72:
      return bytes.readFloatBE(at)
    case 0x80:
      return readUlong(bytes, at)
    case 0x81:
      return readLong(bytes, at)
    case 0x82:
      return bytes.readDoubleBE(at)
    case 0x83:
      return readTimestamp(bytes, at)
    case 0x74:
    case 0x84:
    case 0x94:
    case 0x98:
      return bytes.subarray(at, next)
    case 0xa0:
      return bytes.subarray(at + 1, next)
    case 0xb0:
      return bytes.subarray(at + 4, next)
    case 0xa1:
      return bytes.toString('utf8', at + 1, next)
    case 0xb1:
      return bytes.toString('utf8', at + 4, next)
    case 0xa3:
      return bytes.toString('latin1', at + 1, next)
    case 0xb3:
      return bytes.toString('latin1', at + 4, next)
    default:
      throw unknownType(type, at - 1)
  }
}

function readUlong(bytes: Buffer, at: number): number | Buffer {
  const high = bytes.readUInt32BE(at)
  return high < inexact ? high * twoTo32 + bytes.readUInt32BE(at + 4) : bytes.subarray(at, at + 8)
}

function readLong(bytes: Buffer, at: number): number | Buffer {
  const high = bytes.readInt32BE(at)
  return high < inexact && high >= -inexact ? high * twoTo32 + bytes.readUInt32BE(at + 4) : bytes.subarray(at, at + 8)
}

/** A time that JavaScript's Date does not reach is an invalid one. */
function readTimestamp(bytes: Buffer, at: number): Date {
  const time = readLong(bytes, at)
  return new Date(typeof time === 'number' ? time : Number.NaN)
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  return typeof key === 'object' && key !== null && 'descriptor' in key
    ? keyText((key as Described).value)
    : String(key)
}

/** Sets an entry, also of the one name that an object takes for something else. */
export function setEntry(map: AmqpMap, name: string, value: unknown): void {
  if (name !== '__proto__') map[name] = value
  else Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true })
}

function truncated(at: number): DecodingError {
  return new DecodingError(`the bytes end within a value, at byte ${at}`)
}

function unknownType(type: number, at: number): DecodingError {
  return new DecodingError(`there is no AMQP type 0x${type.toString(16).padStart(2, '0')}, at byte ${at}`)
}

/**
 * Finds the sections of an encoded message without decoding them. An event is taken apart and put together again as
 * bytes: what the emulator does not have to understand passes through unchanged, and cheaply.
 */

/** Descriptors of the sections of a message. AMQP 1.0 §3.2. */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const

/** The bytes are no AMQP. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodeError'
  }
}

/**
 * Walks through the sections of a message, in order. After each `next()` that is true, `start` is the section's
 * descriptor, `value` the constructor of its content, `end` the byte behind it. One object per message, not per section:
 * this is run for every event that comes in.
 */
export class SectionReader {
  readonly #buffer: Buffer
  readonly #limit: number
  code: number = SECTION.header - 1
  start: number
  value: number
  end: number

  constructor(buffer: Buffer, start = 0, limit = buffer.length) {
    this.#buffer = buffer
    this.#limit = limit
    this.start = start
    this.value = start
    this.end = start
  }

  /** False at the end of the message. Throws {@link DecodeError}. */
  next(): boolean {
    const at = this.end
    if (at >= this.#limit) return false
    const previous = this.code
    this.start = at
    const buffer = this.#buffer
    if (at + 3 <= this.#limit && buffer[at] === 0x00 && buffer[at + 1] === 0x53) {
      this.code = buffer[at + 2] as number
      this.value = at + 3
    } else this.#readLongDescriptor(at)
    const { code } = this
    if (code < SECTION.header || code > SECTION.footer) throw new DecodeError(`unknown section 0x${code.toString(16)}`)
    // The order is fixed (AMQP 1.0 §3.2), but rhea writes the footer before the body. What has to be true here: header and
    // annotations come first, in their order, once.
    if (code <= SECTION.messageAnnotations && code <= previous) throw new DecodeError('sections out of order')
    this.end = skipValue(buffer, this.value, this.#limit)
    return true
  }

  #readLongDescriptor(at: number): void {
    const buffer = this.#buffer
    if (at + 2 > this.#limit || buffer[at] !== 0x00) throw new DecodeError('a section must be a described type')
    const type = buffer[at + 1]
    this.value = skipValue(buffer, at + 1, this.#limit)
    if (type === 0x80) this.code = buffer.readUInt32BE(at + 6)
    else if (type === 0xa3 || type === 0xb3) this.code = SYMBOLIC.get(readText(buffer, at + 1, this.#limit)) ?? 0
    else throw new DecodeError('a section must have a numeric or symbolic descriptor')
  }
}

const SYMBOLIC: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', SECTION.header],
  ['amqp:delivery-annotations:map', SECTION.deliveryAnnotations],
  ['amqp:message-annotations:map', SECTION.messageAnnotations],
  ['amqp:properties:list', SECTION.properties],
  ['amqp:application-properties:map', SECTION.applicationProperties],
  ['amqp:data:binary', SECTION.data],
  ['amqp:amqp-sequence:list', SECTION.sequence],
  ['amqp:amqp-value:*', SECTION.value],
  ['amqp:footer:map', SECTION.footer],
])

/** Index of the byte behind the value whose constructor is at `at`. */
function skipValue(buffer: Buffer, at: number, end: number, depth = 0): number {
  if (at >= end) throw new DecodeError('unexpected end')
  const type = buffer[at] as number
  if (type === 0x00) {
    if (depth > 8) throw new DecodeError('descriptors are nested too deep')
    return skipValue(buffer, skipValue(buffer, at + 1, end, depth + 1), end, depth + 1)
  }
  const next = at + 1 + widthOf(buffer, type, at + 1, end)
  if (next > end) throw new DecodeError('a value is longer than the message')
  return next
}

/** Bytes behind a constructor. AMQP 1.0 §1.2, table of format codes: the high nibble tells the width. */
function widthOf(buffer: Buffer, type: number, at: number, end: number): number {
  switch (type >>> 4) {
    case 0x4:
      return 0
    case 0x5:
      return 1
    case 0x6:
      return 2
    case 0x7:
      return 4
    case 0x8:
      return 8
    case 0x9:
      return 16
    case 0xa:
    case 0xc:
    case 0xe:
      if (at >= end) throw new DecodeError('unexpected end')
      return 1 + (buffer[at] as number)
    case 0xb:
    case 0xd:
    case 0xf:
      if (at + 4 > end) throw new DecodeError('unexpected end')
      return 4 + buffer.readUInt32BE(at)
    default:
      throw new DecodeError(`unknown type 0x${type.toString(16)}`)
  }
}

/** Where the content of a binary, string or symbol begins; it goes on to the end of the value. */
export function startOfBytes(buffer: Buffer, at: number): number {
  switch ((buffer[at] as number) >>> 4) {
    case 0xa:
      return at + 2
    case 0xb:
      return at + 5
    default:
      throw new DecodeError('expected binary or text')
  }
}

/** The text of a string or symbol. */
export function readText(buffer: Buffer, at: number, end: number): string {
  const next = skipValue(buffer, at, end)
  return buffer.toString('utf8', startOfBytes(buffer, at), next)
}

/** A whole number of any width. */
export function readInteger(buffer: Buffer, at: number, end: number): number {
  skipValue(buffer, at, end)
  switch (buffer[at]) {
    case 0x43:
    case 0x44:
      return 0
    case 0x50:
    case 0x52:
    case 0x53:
      return buffer.readUInt8(at + 1)
    case 0x51:
    case 0x54:
    case 0x55:
      return buffer.readInt8(at + 1)
    case 0x60:
      return buffer.readUInt16BE(at + 1)
    case 0x61:
      return buffer.readInt16BE(at + 1)
    case 0x70:
      return buffer.readUInt32BE(at + 1)
    case 0x71:
      return buffer.readInt32BE(at + 1)
    case 0x80:
    case 0x81:
      return Number(buffer.readBigInt64BE(at + 1))
    default:
      throw new DecodeError('expected a whole number')
  }
}

/** One entry of a map: where its key and value begin, and where it ends. */
export interface MapEntry {
  readonly key: number
  readonly value: number
  readonly end: number
}

/** The entries of a map, unread. */
export function readMap(buffer: Buffer, at: number, end: number): MapEntry[] {
  const next = skipValue(buffer, at, end)
  const type = buffer[at]
  if (type === 0x40) return []
  if (type !== 0xc1 && type !== 0xd1) throw new DecodeError('expected a map')
  const width = type === 0xc1 ? 1 : 4
  if (at + 1 + 2 * width > next) throw new DecodeError('unexpected end')
  const count = width === 1 ? (buffer[at + 2] as number) : buffer.readUInt32BE(at + 5)
  const entries: MapEntry[] = []
  let key = at + 1 + 2 * width
  for (let i = 0; i < count; i += 2) {
    const value = skipValue(buffer, key, next)
    const after = skipValue(buffer, value, next)
    entries.push({ key, value, end: after })
    key = after
  }
  return entries
}

/** Where the items of a list begin, unread; the last one ends with the list. */
export function readList(buffer: Buffer, at: number, end: number): number[] {
  const next = skipValue(buffer, at, end)
  const type = buffer[at]
  if (type === 0x40 || type === 0x45) return []
  if (type !== 0xc0 && type !== 0xd0) throw new DecodeError('expected a list')
  const width = type === 0xc0 ? 1 : 4
  if (at + 1 + 2 * width > next) throw new DecodeError('unexpected end')
  const count = width === 1 ? (buffer[at + 2] as number) : buffer.readUInt32BE(at + 5)
  const items: number[] = []
  let item = at + 1 + 2 * width
  for (let index = 0; index < count; index++) {
    items.push(item)
    item = skipValue(buffer, item, next)
  }
  return items
}

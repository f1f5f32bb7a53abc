/** The bytes are no AMQP. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodeError'
  }
}

/** Index of the byte behind the value whose constructor is at `at`. Throws {@link DecodeError}. */
export function skipValue(buffer: Buffer, at: number, end: number, depth = 0): number {
  if (at >= end) throw new DecodeError('unexpected end')
  const type = buffer[at] as number
  if (type === 0x00) {
    if (depth > 8) throw new DecodeError('descriptors are nested too deep')
    return skipValue(buffer, skipValue(buffer, at + 1, end, depth + 1), end, depth + 1)
  }
  const next = at + 1 + widthOf(buffer, type, at + 1, end)
  if (next > end) throw new DecodeError('a value is longer than what holds it')
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

/** The beginning of the content of a binary, string or symbol; it goes on to the end of the value. */
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
      return Number(buffer.readBigUInt64BE(at + 1))
    case 0x81:
    case 0x83:
      return Number(buffer.readBigInt64BE(at + 1))
    default:
      throw new DecodeError('expected a whole number')
  }
}

/** A list or map: how many items it says it holds, and where they begin and end. */
export interface Compound {
  readonly count: number
  readonly start: number
  readonly end: number
}

function openCompound(buffer: Buffer, at: number, end: number): Compound {
  const next = skipValue(buffer, at, end)
  const type = buffer[at] as number
  if (type === 0x45) return { count: 0, start: next, end: next }
  const width = type >>> 4 === 0xc ? 1 : 4
  const start = at + 1 + 2 * width
  if (start > next) throw new DecodeError('unexpected end')
  const count = width === 1 ? (buffer[at + 2] as number) : buffer.readUInt32BE(at + 5)
  // Each item takes a byte at least.
  if (count > next - start) throw new DecodeError(`${count} items in ${next - start} bytes`)
  return { count, start, end: next }
}

const isList = (type: number | undefined) => type === 0x45 || type === 0xc0 || type === 0xd0
const isMap = (type: number | undefined) => type === 0xc1 || type === 0xd1

/** The beginning of each item of a list, and behind them where the last one ends. */
export function itemsOf(buffer: Buffer, at: number, end: number): number[] {
  if (!isList(buffer[at])) throw new DecodeError('expected a list')
  const list = openCompound(buffer, at, end)
  const starts: number[] = [list.start]
  for (let i = 0, item = list.start; i < list.count; i++) {
    item = skipValue(buffer, item, list.end)
    starts.push(item)
  }
  return starts
}

/** The places where the items of a list begin, unread; the last one ends with the list. Null is a list of none. */
export function readList(buffer: Buffer, at: number, end: number): number[] {
  return buffer[at] === 0x40 ? [] : itemsOf(buffer, at, end).slice(0, -1)
}

/** How many keys and values a map says it holds, and where they begin and end. */
export function openMap(buffer: Buffer, at: number, end: number): Compound {
  if (!isMap(buffer[at])) throw new DecodeError('expected a map')
  return openCompound(buffer, at, end)
}

/** One entry of a map: where its key and value begin, and where it ends. */
export interface MapEntry {
  readonly key: number
  readonly value: number
  readonly end: number
}

/** The entries of a map, unread. */
export function readMap(buffer: Buffer, at: number, end: number): MapEntry[] {
  if (buffer[at] === 0x40) return []
  const map = openMap(buffer, at, end)
  const entries: MapEntry[] = []
  let key = map.start
  for (let i = 0; i < map.count; i += 2) {
    const value = skipValue(buffer, key, map.end)
    const after = skipValue(buffer, value, map.end)
    entries.push({ key, value, end: after })
    key = after
  }
  return entries
}

/** A value with a descriptor. */
export class Described {
  readonly descriptor: unknown
  readonly value: unknown

  constructor(descriptor: unknown, value: unknown) {
    this.descriptor = descriptor
    this.value = value
  }
}

const MAX_DEPTH = 32

/**
 * A value as JavaScript has it: texts and symbols are strings, numbers of 64 bits are bigints where a number can't hold
 * them, maps are Maps, what has no counterpart is its bytes.
 */
export function decodeValue(buffer: Buffer, at: number, end: number, depth = 0): unknown {
  const next = skipValue(buffer, at, end)
  if (depth > MAX_DEPTH) throw new DecodeError('values are nested too deep')
  const type = buffer[at] as number
  if (type === 0x00) {
    const value = skipValue(buffer, at + 1, end)
    return new Described(decodeValue(buffer, at + 1, value, depth + 1), decodeValue(buffer, value, next, depth + 1))
  }
  if (isList(type)) {
    const starts = itemsOf(buffer, at, end)
    return starts.slice(1).map((itemEnd, i) => decodeValue(buffer, starts[i] as number, itemEnd, depth + 1))
  }
  if (isMap(type)) {
    return new Map(
      readMap(buffer, at, end).map((entry) => [
        decodeValue(buffer, entry.key, entry.value, depth + 1),
        decodeValue(buffer, entry.value, entry.end, depth + 1),
      ]),
    )
  }
  if (type >>> 4 === 0xe || type >>> 4 === 0xf) return decodeArray(buffer, at, next, depth)
  return decodePrimitive(type, buffer, at + 1, next)
}

function decodeArray(buffer: Buffer, at: number, end: number, depth: number): unknown[] {
  const width = buffer[at] === 0xe0 ? 1 : 4
  const start = at + 1 + 2 * width
  if (start >= end) throw new DecodeError('unexpected end')
  const count = width === 1 ? (buffer[at + 2] as number) : buffer.readUInt32BE(at + 5)
  const type = buffer[start] as number
  if (type === 0x00) throw new DecodeError('an array of described values')
  // What takes no bytes is bounded by what one byte can count.
  if (count > Math.max(end - start, 255)) throw new DecodeError(`an array of ${count} items`)
  const items: unknown[] = []
  let item = start + 1
  for (let i = 0; i < count; i++) {
    const next = item + widthOf(buffer, type, item, end)
    if (next > end) throw new DecodeError('unexpected end')
    const isPrimitive = !isList(type) && !isMap(type) && type >>> 4 < 0xe
    items.push(
      isPrimitive
        ? decodePrimitive(type, buffer, item, next)
        : decodeValue(Buffer.concat([Buffer.of(type), buffer.subarray(item, next)]), 0, next - item + 1, depth + 1),
    )
    item = next
  }
  return items
}

function decodePrimitive(type: number, buffer: Buffer, at: number, end: number): unknown {
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
    case 0x50:
    case 0x52:
    case 0x53:
      return buffer.readUInt8(at)
    case 0x51:
    case 0x54:
    case 0x55:
      return buffer.readInt8(at)
    case 0x56:
      return buffer[at] === 1
    case 0x60:
      return buffer.readUInt16BE(at)
    case 0x61:
      return buffer.readInt16BE(at)
    case 0x70:
      return buffer.readUInt32BE(at)
    case 0x71:
      return buffer.readInt32BE(at)
    case 0x72:
      return buffer.readFloatBE(at)
    case 0x73:
      return buffer.readUInt32BE(at) <= 0x10_ffff ? String.fromCodePoint(buffer.readUInt32BE(at)) : '\ufffd'
    case 0x80:
      return narrowed(buffer.readBigUInt64BE(at))
    case 0x81:
    case 0x83:
      return narrowed(buffer.readBigInt64BE(at))
    case 0x82:
      return buffer.readDoubleBE(at)
    case 0xa0:
      return buffer.subarray(at + 1, end)
    case 0xb0:
      return buffer.subarray(at + 4, end)
    case 0xa1:
    case 0xa3:
      return buffer.toString('utf8', at + 1, end)
    case 0xb1:
    case 0xb3:
      return buffer.toString('utf8', at + 4, end)
    default:
      return buffer.subarray(at, end)
  }
}

function narrowed(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

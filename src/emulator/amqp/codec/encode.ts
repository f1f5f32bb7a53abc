/**
 * AMQP values, encoded. Each function returns a value with its constructor; a list takes its items encoded. What is on
 * the path of every event (transfers, stored annotations) is written in place instead, where it is needed.
 */

export const NULL: Buffer = Buffer.of(0x40)
export const TRUE: Buffer = Buffer.of(0x41)
export const FALSE: Buffer = Buffer.of(0x42)

export const encodeFlag = (value: boolean): Buffer => (value ? TRUE : FALSE)

/** Writes a whole number of up to 53 bits as an AMQP long or timestamp; returns the index behind it. */
export function writeLong(buffer: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  return buffer.writeUInt32BE(value - high * 0x1_0000_0000, buffer.writeInt32BE(high, at))
}

function fixed(type: number, width: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(1 + width)
  buffer[0] = type
  write(buffer)
  return buffer
}

export const encodeUbyte = (value: number): Buffer => Buffer.of(0x50, value)
export const encodeUshort = (value: number): Buffer => fixed(0x60, 2, (buffer) => buffer.writeUInt16BE(value, 1))
export const encodeShort = (value: number): Buffer => fixed(0x61, 2, (buffer) => buffer.writeInt16BE(value, 1))
export const encodeInt = (value: number): Buffer => fixed(0x71, 4, (buffer) => buffer.writeInt32BE(value, 1))
export const encodeLong = (value: number): Buffer => fixed(0x81, 8, (buffer) => writeLong(buffer, value, 1))
export const encodeUlong = (value: number): Buffer => fixed(0x80, 8, (buffer) => writeLong(buffer, value, 1))
export const encodeTimestamp = (value: number): Buffer => fixed(0x83, 8, (buffer) => writeLong(buffer, value, 1))

export function encodeUint(value: number): Buffer {
  if (value === 0) return Buffer.of(0x43)
  if (value < 256) return Buffer.of(0x52, value)
  return fixed(0x70, 4, (buffer) => buffer.writeUInt32BE(value, 1))
}

export const encodeString = (text: string): Buffer => variable(0xa1, Buffer.from(text, 'utf8'))
export const encodeSymbol = (text: string): Buffer => variable(0xa3, Buffer.from(text, 'latin1'))

function variable(type: number, bytes: Buffer): Buffer {
  if (bytes.length < 256) return Buffer.concat([Buffer.of(type, bytes.length), bytes])
  const head = Buffer.alloc(5)
  head.writeUInt8(type + 0x10, 0)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** A symbol of at most 255 bytes and the bytes that follow it. */
export function symbol(text: string, ...behind: number[]): Buffer {
  return Buffer.from([0xa3, text.length, ...Buffer.from(text, 'latin1'), ...behind])
}

export const encodeList = (items: readonly Buffer[]): Buffer => compound(0xc0, items)

export function encodeMap(entries: Iterable<readonly [key: Buffer, value: Buffer]>): Buffer {
  return compound(0xc1, [...entries].flat())
}

function compound(type: number, items: readonly Buffer[]): Buffer {
  const body = Buffer.concat(items)
  if (body.length < 255 && items.length < 256) {
    return Buffer.concat([Buffer.of(type, body.length + 1, items.length), body])
  }
  const head = Buffer.alloc(9)
  head.writeUInt8(type + 0x10, 0)
  head.writeUInt32BE(body.length + 4, 1)
  head.writeUInt32BE(items.length, 5)
  return Buffer.concat([head, body])
}

/** An array of strings (`0xb1`) or symbols (`0xb3`). */
export function encodeTextArray(type: 0xb1 | 0xb3, texts: readonly string[]): Buffer {
  const items = texts.map((text) => {
    const bytes = Buffer.from(text, 'utf8')
    const head = Buffer.alloc(4)
    head.writeUInt32BE(bytes.length)
    return Buffer.concat([head, bytes])
  })
  const body = Buffer.concat(items)
  const head = Buffer.alloc(10)
  head.writeUInt8(0xf0, 0)
  head.writeUInt32BE(body.length + 5, 1)
  head.writeUInt32BE(texts.length, 5)
  head.writeUInt8(type, 9)
  return Buffer.concat([head, body])
}

/** A value with a descriptor of one byte: performatives, sections, outcomes, termini. */
export function describe(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x00, 0x53, code), value])
}

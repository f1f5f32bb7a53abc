/** AMQP frames written by hand, for peers that do not behave. */

const AMQP_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])

export const SASL_HEADER: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0])

function listOf(items: Buffer[]): Buffer {
  const body = Buffer.concat(items)
  if (body.length < 255) return Buffer.concat([Buffer.of(0xc0, body.length + 1, items.length), body])
  const head = Buffer.alloc(9)
  head.writeUInt8(0xd0)
  head.writeUInt32BE(body.length + 4, 1)
  head.writeUInt32BE(items.length, 5)
  return Buffer.concat([head, body])
}

/** A described list: a source or target. */
export const list = (code: number, ...items: Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(0x00, 0x53, code), listOf(items)])

/** A frame of a performative, whose fields are given encoded. */
export function frame(
  performative: number,
  fields: Buffer[] = [],
  channel = 0,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const body = Buffer.concat([list(performative, ...fields), payload])
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length)
  head.writeUInt8(2, 4)
  head.writeUInt16BE(channel, 6)
  return Buffer.concat([head, body])
}

export const string = (text: string): Buffer => Buffer.from([0xa1, text.length, ...Buffer.from(text)])

export const symbol = (text: string): Buffer => Buffer.from([0xa3, text.length, ...Buffer.from(text)])

export function uint(value: number): Buffer {
  const buffer = Buffer.alloc(5)
  buffer.writeUInt8(0x70)
  buffer.writeUInt32BE(value, 1)
  return buffer
}

/** Protocol header and OPEN, without SASL. */
export const open = (): Buffer => Buffer.concat([AMQP_HEADER, frame(0x10, [string('rude')])])

export const NULL: Buffer = Buffer.of(0x40)

export const TRUE: Buffer = Buffer.of(0x41)

export const FALSE: Buffer = Buffer.of(0x42)

export const begin = (): Buffer => frame(0x11, [Buffer.from([0x40]), uint(0), uint(100), uint(100)])

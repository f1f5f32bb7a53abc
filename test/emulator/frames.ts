/** AMQP frames written by hand, for peers that do not behave. */

const AMQP_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])

export const SASL_HEADER: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0])

/** A frame of a performative, whose fields are given encoded. */
export function frame(performative: number, fields: Buffer[] = [], channel = 0): Buffer {
  const list = Buffer.concat(fields)
  const body = Buffer.concat([Buffer.from([0x00, 0x53, performative, 0xc0, list.length + 1, fields.length]), list])
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length)
  head.writeUInt8(2, 4)
  head.writeUInt16BE(channel, 6)
  return Buffer.concat([head, body])
}

export const string = (text: string): Buffer => Buffer.from([0xa1, text.length, ...Buffer.from(text)])

export const uint = (value: number): Buffer => Buffer.from([0x70, 0, 0, value >> 8, value & 0xff])

/** Protocol header and OPEN, without SASL. */
export const open = (): Buffer => Buffer.concat([AMQP_HEADER, frame(0x10, [string('rude')])])

export const NULL: Buffer = Buffer.of(0x40)

export const TRUE: Buffer = Buffer.of(0x41)

export const begin = (): Buffer => frame(0x11, [Buffer.from([0x40]), uint(0), uint(100), uint(100)])

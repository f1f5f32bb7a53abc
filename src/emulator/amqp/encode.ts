/** Writes a whole number of up to 53 bits as an AMQP long or timestamp; returns the index behind it. */
export function writeLong(buffer: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  return buffer.writeUInt32BE(value - high * 0x1_0000_0000, buffer.writeInt32BE(high, at))
}

/** An AMQP string, constructor included. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const head = Buffer.alloc(bytes.length > 255 ? 5 : 2)
  if (bytes.length > 255) {
    head.writeUInt8(0xb1, 0)
    head.writeUInt32BE(bytes.length, 1)
  } else {
    head.writeUInt8(0xa1, 0)
    head.writeUInt8(bytes.length, 1)
  }
  return Buffer.concat([head, bytes])
}

/** An AMQP symbol of at most 255 bytes, constructor included, and the bytes that follow it. */
export function symbol(text: string, ...behind: number[]): Buffer {
  return Buffer.from([0xa3, text.length, ...Buffer.from(text, 'latin1'), ...behind])
}

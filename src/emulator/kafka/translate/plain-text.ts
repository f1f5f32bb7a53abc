import { startOfBytes } from '../../amqp/codec/values.js'

/**
 * The text of one encoded AMQP value, as the service gives message properties to Kafka clients: strings, symbols and binary
 * their bytes, numbers in decimals, a uuid in its usual form. What has no text keeps its encoding.
 */
export function plainText(buffer: Buffer, at: number, end: number): Buffer {
  const type = buffer[at] as number
  if (type >= 0xa0 && type < 0xc0) return buffer.subarray(startOfBytes(buffer, at), end)
  const text = textOf(buffer, at, type)
  return text === undefined ? buffer.subarray(at, end) : Buffer.from(text)
}

/** AMQP 1.0 §1.6. */
function textOf(buffer: Buffer, at: number, type: number): string | undefined {
  switch (type) {
    case 0x41:
      return 'true'
    case 0x42:
      return 'false'
    case 0x43:
    case 0x44:
      return '0'
    case 0x50:
    case 0x52:
    case 0x53:
      return String(buffer.readUInt8(at + 1))
    case 0x51:
    case 0x54:
    case 0x55:
      return String(buffer.readInt8(at + 1))
    case 0x56:
      return buffer[at + 1] === 0 ? 'false' : 'true'
    case 0x60:
      return String(buffer.readUInt16BE(at + 1))
    case 0x61:
      return String(buffer.readInt16BE(at + 1))
    case 0x70:
      return String(buffer.readUInt32BE(at + 1))
    case 0x71:
      return String(buffer.readInt32BE(at + 1))
    case 0x72:
      return String(buffer.readFloatBE(at + 1))
    case 0x80:
      return String(buffer.readBigUInt64BE(at + 1))
    case 0x81:
    case 0x83:
      return String(buffer.readBigInt64BE(at + 1))
    case 0x82:
      return String(buffer.readDoubleBE(at + 1))
    case 0x98:
      return uuidOf(buffer.toString('hex', at + 1, at + 17))
    default:
      return undefined
  }
}

function uuidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

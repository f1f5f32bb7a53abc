/**
 * Bytes and text of values. Other senders put theirs into AMQP types Kafka has no word for. What JavaScript can't tell
 * apart any more once it is decoded stays bytes: a uuid is 16, a long beyond 2^53 is 8.
 */

interface Described {
  readonly descriptor: unknown
  readonly value: unknown
}

function isDescribed(value: unknown): value is Described {
  return typeof value === 'object' && value !== null && 'descriptor' in value && 'value' in value
}

/** JSON of any AMQP value: binary as base64, timestamps as ISO 8601, big integers as strings, descriptors left out. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(plain(value) ?? null)
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (isDescribed(value)) return plain(value.value)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

/** Bytes of what a Kafka program sends: strings as UTF-8, Buffers as they are. Undefined for anything else. */
export function toBinary(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return undefined
}

/** The TypeError, with kafkajs's code, for what can't be sent; `what` names it and where it was. */
export function notBinaryError(what: string, value: unknown): TypeError {
  const received = value === null || value === undefined ? String(value) : `type ${typeof value}`
  const error = new TypeError(`The ${what} must be a string or a Buffer, received ${received}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
}

/** Bytes of one AMQP value: binary as it is, strings as UTF-8, numbers and booleans as their text, the rest as JSON. */
export function toBytes(value: unknown): Buffer | null {
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value)) return value
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (isDescribed(value)) return toBytes(value.value)
  if (value instanceof Date) return Buffer.from(Number.isNaN(value.getTime()) ? '' : value.toISOString())
  return Buffer.from(typeof value === 'object' ? toJsonText(value) : String(value))
}

import { isUtf8 } from 'node:buffer'
import type { KafkaMessage } from '../exports.js'

/** A message with where it came from. */
export interface ConsumedMessage {
  readonly topic: string
  readonly partition: number
  readonly message: KafkaMessage
}

/** A message as one line of JSON: what `consume --json` writes and `produce --json` reads. */
export interface JsonMessage {
  topic?: string
  partition?: number
  offset?: string
  timestamp?: string
  key?: string | null
  keyEncoding?: 'base64'
  value?: string | null
  valueEncoding?: 'base64'
  headers?: Record<string, string | string[]>
  /** Names of headers whose values are in base64. */
  headerEncodings?: Record<string, 'base64'>
}

export function toJsonMessage({ topic, partition, message }: ConsumedMessage): JsonMessage {
  const { offset, timestamp, key, value, headers } = message
  const json: JsonMessage = { topic, partition, offset, timestamp: toIso(timestamp), key: null, value: null }
  if (key !== null) Object.assign(json, textOf(key, 'key'))
  if (value !== null) Object.assign(json, textOf(value, 'value'))
  const entries = Object.entries(headers ?? {}).filter(([, content]) => content !== undefined)
  if (entries.length === 0) return json
  const encodings: Record<string, 'base64'> = {}
  json.headers = {}
  for (const [name, content] of entries) {
    const values = [content].flat() as (Buffer | string)[]
    const isText = values.every((item) => typeof item === 'string' || isUtf8(item))
    if (!isText) encodings[name] = 'base64'
    const texts = values.map((item) => (isText ? String(item) : Buffer.from(item).toString('base64')))
    json.headers[name] = Array.isArray(content) ? texts : (texts[0] ?? '')
  }
  if (Object.keys(encodings).length > 0) json.headerEncodings = encodings
  return json
}

function textOf(bytes: Buffer, name: 'key' | 'value'): JsonMessage {
  if (isUtf8(bytes)) return { [name]: bytes.toString() }
  return { [name]: bytes.toString('base64'), [`${name}Encoding`]: 'base64' }
}

const toIso = (timestamp: string) => new Date(Number(timestamp)).toISOString()

/**
 * Compiles a format of kcat's: `%t` topic, `%p` partition, `%o` offset, `%k` key, `%s` value, `%h` headers, `%T` timestamp
 * in ms, `%%` a per cent sign; `\n` and `\t` as in C.
 */
export function createFormat(format: string): (consumed: ConsumedMessage) => Buffer {
  const parts = format.split(/(%[tpokshT%])/).filter((part) => part !== '')
  return (consumed) => Buffer.concat(parts.map((part) => render(part, consumed)))
}

function render(part: string, { topic, partition, message }: ConsumedMessage): Buffer {
  switch (part) {
    case '%t':
      return Buffer.from(topic)
    case '%p':
      return Buffer.from(String(partition))
    case '%o':
      return Buffer.from(message.offset)
    case '%k':
      return message.key ?? Buffer.alloc(0)
    case '%s':
      return message.value ?? Buffer.alloc(0)
    case '%h':
      return Buffer.from(
        Object.entries(message.headers ?? {})
          .map(([name, content]) => `${name}=${[content].flat().join(',')}`)
          .join(';'),
      )
    case '%T':
      return Buffer.from(message.timestamp)
    case '%%':
      return Buffer.from('%')
    default:
      return Buffer.from(part)
  }
}

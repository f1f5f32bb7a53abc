import type { ReceivedEvent } from '../../translate/event.js'

/** Bytes that events bring: bodies, headers, keys. What they cost in memory besides is `fetch-sizing`'s to add. */
export function sizeOfEvents(events: readonly ReceivedEvent[]): number {
  let bytes = 0
  for (const event of events) {
    const { body, applicationProperties, messageAnnotations } = event.getRawAmqpMessage()
    bytes += sizeOf(body) + sizeOfValues(applicationProperties) + sizeOfValues(messageAnnotations)
  }
  return bytes
}

function sizeOfValues(values: object | undefined): number {
  let bytes = 0
  for (const name in values) bytes += sizeOf((values as Record<string, unknown>)[name])
  return bytes
}

/** A body comes as bytes, or as one AMQP section or several of them: rhea's `{ typecode, content }`. */
function sizeOf(value: unknown): number {
  if (Buffer.isBuffer(value)) return value.length
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return 0
  if ('content' in value) return sizeOf(value.content)
  return Array.isArray(value) ? value.reduce((sum: number, one) => sum + sizeOf(one), 0) : sizeOfValues(value)
}

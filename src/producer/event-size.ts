import type { OutgoingEvent } from '../eventhubs/transport.js'

/**
 * Bounds of an event's size in bytes. Only the SDK's encoder knows it exactly; the bounds spare encoding every message
 * twice to find the rare one that is too large.
 */
export interface SizeBounds {
  /** Content bytes alone. */
  readonly least: number
  /** With all that AMQP may add, as one of several in a transfer. */
  readonly inBatch: number
  /** As the first or only one: a transfer repeats the annotations of its first event. */
  readonly alone: number
}

/** Section headers, and the three annotations of idempotent publishing. */
const EVENT_OVERHEAD = 256
/** Type codes and lengths of a name and a value. */
const ENTRY_OVERHEAD = 10
/** Section headers of the transfer. */
const TRANSFER_OVERHEAD = 128

export function sizeBounds(event: OutgoingEvent): SizeBounds {
  const annotations = mapSize(event.messageAnnotations)
  const headers = mapSize(event.applicationProperties)
  const encoding = event.properties?.contentEncoding?.length ?? 0
  const least = (event.body as Buffer).length + annotations.content + headers.content + encoding
  const inBatch = least + (annotations.entries + headers.entries) * ENTRY_OVERHEAD + EVENT_OVERHEAD
  const alone = inBatch + annotations.content + annotations.entries * ENTRY_OVERHEAD + TRANSFER_OVERHEAD
  return { least, inBatch, alone }
}

interface MapSize {
  content: number
  entries: number
}

function mapSize(map: Readonly<Record<string, unknown>> | undefined): MapSize {
  const size = { content: 0, entries: 0 }
  for (const name in map) add(size, name, map[name])
  return size
}

function add(size: MapSize, name: string, value: unknown): void {
  size.content += Buffer.byteLength(name)
  size.entries++
  if (Array.isArray(value)) for (const item of value) add(size, '', item)
  else if (typeof value === 'string') size.content += Buffer.byteLength(value)
  else if (Buffer.isBuffer(value)) size.content += value.length
}

import type { OutgoingEvent } from '../eventhubs/transport.js'

/**
 * Bounds of an event's size as a batch of its own. Only the SDK's encoder knows it exactly; the bounds spare encoding
 * every message twice to find the rare one that is too large.
 */
export interface SizeBounds {
  /** Content bytes alone. */
  readonly least: number
  /** With everything AMQP may add. */
  readonly most: number
}

/** Sections, the batch's envelope and the three annotations of idempotent publishing. */
const FIXED_OVERHEAD = 768
/** Type codes and lengths of a name and a value. */
const ENTRY_OVERHEAD = 16

export function sizeBounds({ body, messageAnnotations, applicationProperties, properties }: OutgoingEvent): SizeBounds {
  const annotations = mapSize(messageAnnotations)
  const properties_ = mapSize(applicationProperties)
  const encoding = properties?.contentEncoding?.length ?? 0
  const least = (body as Buffer).length + annotations.content + properties_.content + encoding
  const entries = annotations.entries * 2 + properties_.entries
  // A batch repeats the annotations of its first event.
  return { least, most: least + annotations.content + entries * ENTRY_OVERHEAD + FIXED_OVERHEAD }
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

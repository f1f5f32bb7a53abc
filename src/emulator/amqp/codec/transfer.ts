import { AmqpEvent, type Annotations, NO_ANNOTATIONS, withAnnotation } from './amqp-event.js'
import { SECTION, SectionReader } from './sections.js'
import { DecodeError, readInteger, readMap, readText, startOfBytes } from './values.js'

/** `0x80013700`: a transfer whose data sections each hold an encoded message. Microsoft: AMQP protocol guide. */
export const BATCH_FORMAT = 0x80013700

const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'x-opt-sequence-number',
  'x-opt-sequence-number-epoch',
  'x-opt-offset',
  'x-opt-enqueued-time',
  'x-opt-publisher',
])

/** The values a sender gives for all events of a transfer. */
export interface TransferDefaults {
  /** Name in the address `{hub}/Publishers/{name}`. Microsoft: Event Hubs features, "Publisher policy". */
  readonly publisher?: string | undefined
}

/**
 * The events in a transfer. Throws {@link DecodeError}. A partition key on the envelope alone counts for every event in
 * it: the SDK writes it on both, others only there.
 */
export function readTransfer(payload: Buffer, format: number, defaults: TransferDefaults = {}): AmqpEvent[] {
  if (payload.length === 0) throw new DecodeError('a message without sections')
  if (format !== BATCH_FORMAT) return [readEvent(payload, 0, payload.length, undefined, defaults)]
  const events: AmqpEvent[] = []
  let partitionKey: string | undefined
  const sections = new SectionReader(payload)
  while (sections.next()) {
    if (sections.code === SECTION.messageAnnotations) {
      partitionKey = readAnnotations(payload, sections.value, sections.end).partitionKey
    } else if (sections.code === SECTION.data) {
      const start = startOfBytes(payload, sections.value)
      events.push(readEvent(payload, start, sections.end, partitionKey, defaults))
    }
  }
  if (events.length === 0) throw new DecodeError('a batch without events')
  return events
}

function readAnnotations(buffer: Buffer, at: number, end: number): Annotations {
  const result: Annotations = { partitionKey: undefined, producer: undefined, kept: [], size: 0 }
  let producerId: number | undefined
  let epoch: number | undefined
  let sequenceNumber: number | undefined
  for (const entry of readMap(buffer, at, end)) {
    // Keys are symbols; numeric ones are reserved and none of ours. AMQP 1.0 §3.2.10.
    const key = (buffer[entry.key] as number) >= 0xa0 ? readText(buffer, entry.key, end) : ''
    if (OWN_ANNOTATIONS.has(key)) continue
    if (key === 'x-opt-partition-key') result.partitionKey = readOptionalText(buffer, entry.value, end)
    else if (key === 'com.microsoft:producer-id') producerId = readInteger(buffer, entry.value, end)
    else if (key === 'com.microsoft:producer-epoch') epoch = readInteger(buffer, entry.value, end)
    else if (key === 'com.microsoft:producer-sequence-number') sequenceNumber = readInteger(buffer, entry.value, end)
    result.kept.push(buffer.subarray(entry.key, entry.end))
    result.size += entry.end - entry.key
  }
  if (producerId !== undefined && epoch !== undefined && sequenceNumber !== undefined) {
    result.producer = { producerId, epoch, sequenceNumber }
  }
  return result
}

function readOptionalText(buffer: Buffer, at: number, end: number): string | undefined {
  return (buffer[at] as number) >= 0xa0 ? readText(buffer, at, end) : undefined
}

function readEvent(
  buffer: Buffer,
  start: number,
  end: number,
  envelopeKey: string | undefined,
  defaults: TransferDefaults,
): AmqpEvent {
  let headerEnd = start
  let restStart = start
  let annotations = NO_ANNOTATIONS
  const sections = new SectionReader(buffer, start, end)
  while (sections.next()) {
    if (sections.code === SECTION.header) headerEnd = sections.end
    else if (sections.code === SECTION.messageAnnotations) {
      annotations = readAnnotations(buffer, sections.value, sections.end)
    }
    // Delivery annotations are for the next hop only and end here. AMQP 1.0 §3.2.2.
    if (sections.code <= SECTION.messageAnnotations) restStart = sections.end
  }
  if (annotations.partitionKey === undefined && envelopeKey !== undefined) {
    annotations = withAnnotation(annotations, 'x-opt-partition-key', envelopeKey)
    annotations.partitionKey = envelopeKey
  }
  if (defaults.publisher !== undefined) annotations = withAnnotation(annotations, 'x-opt-publisher', defaults.publisher)
  return new AmqpEvent({ buffer, start, headerEnd, restStart, end, annotations })
}

import { AmqpEvent } from './amqp-event.js'
import { NO_ANNOTATIONS, readAnnotations, withAnnotation } from './annotations.js'
import { SECTION, SectionReader } from './sections.js'
import { DecodeError, startOfBytes } from './values.js'

/** `0x80013700`: a transfer whose data sections each hold an encoded message. Microsoft: AMQP protocol guide. */
export const BATCH_FORMAT = 0x80013700

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
    annotations = { ...withAnnotation(annotations, 'x-opt-partition-key', envelopeKey), partitionKey: envelopeKey }
  }
  if (defaults.publisher !== undefined) annotations = withAnnotation(annotations, 'x-opt-publisher', defaults.publisher)
  return new AmqpEvent({ buffer, start, headerEnd, restStart, end, annotations })
}

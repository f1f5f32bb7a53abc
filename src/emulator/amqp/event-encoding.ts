/**
 * From a transfer to the events that are stored, and from a stored event to what a reader gets. Bytes in, bytes out: each
 * event is encoded once, when it is stored.
 */

import type { StoredEvent } from '../partition-log.js'
import { DecodeError, readBytes, readInteger, readMap, readSections, readText, SECTION } from './sections.js'

/** `0x80013700`: a transfer whose data sections each hold an encoded message. Microsoft: AMQP protocol guide. */
export const BATCH_FORMAT = 0x80013700

/** What is known of an event only when it is stored. */
export interface Stamp {
  readonly sequenceNumber: number
  readonly offset: number
  readonly enqueuedTime: number
}

/** Numbers that an idempotent producer puts on each event. Microsoft: `com.microsoft:producer-*` annotations. */
export interface ProducerMark {
  readonly producerId: number
  readonly epoch: number
  readonly sequenceNumber: number
}

/** An event on its way into the log. */
export interface EncodedEvent {
  readonly partitionKey: string | undefined
  readonly producer: ProducerMark | undefined
  stamp(stamp: Stamp): StoredEvent
}

const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'x-opt-sequence-number',
  'x-opt-sequence-number-epoch',
  'x-opt-offset',
  'x-opt-enqueued-time',
  'x-opt-publisher',
])

/** What the sender says about all events of a transfer. */
export interface TransferDefaults {
  /** Name in the address `{hub}/Publishers/{name}`. Microsoft: Event Hubs features, "Publisher policy". */
  readonly publisher?: string | undefined
}

/**
 * The events in a transfer. Throws {@link DecodeError}. A partition key on the envelope alone counts for every event in
 * it: the SDK writes it on both, others only there.
 */
export function readTransfer(payload: Buffer, format: number, defaults: TransferDefaults = {}): EncodedEvent[] {
  if (format !== BATCH_FORMAT) return [readEvent(payload, 0, payload.length, undefined, defaults)]
  const events: EncodedEvent[] = []
  let partitionKey: string | undefined
  for (const section of readSections(payload)) {
    if (section.code === SECTION.messageAnnotations) {
      partitionKey = readAnnotations(payload, section.value, section.end).partitionKey
    } else if (section.code === SECTION.data) {
      const [start, end] = readBytes(payload, section.value, section.end)
      events.push(readEvent(payload, start, end, partitionKey, defaults))
    }
  }
  if (events.length === 0) throw new DecodeError('a batch without events')
  return events
}

interface Annotations {
  partitionKey: string | undefined
  producer: ProducerMark | undefined
  /** Encoded entries to keep. */
  kept: Buffer[]
  size: number
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
): EncodedEvent {
  let headerEnd = start
  let restStart = start
  let annotations: Annotations | undefined
  for (const section of readSections(buffer, start, end)) {
    if (section.code === SECTION.header) headerEnd = section.end
    else if (section.code === SECTION.messageAnnotations) {
      annotations = readAnnotations(buffer, section.value, section.end)
    }
    // Delivery annotations are for the next hop only and end here. AMQP 1.0 §3.2.2.
    if (section.code <= SECTION.messageAnnotations) restStart = section.end
  }
  const kept = annotations?.kept ?? []
  let keptSize = annotations?.size ?? 0
  let partitionKey = annotations?.partitionKey
  if (partitionKey === undefined && envelopeKey !== undefined) {
    partitionKey = envelopeKey
    keptSize += keep(kept, KEY_PARTITION_KEY, encodeString(envelopeKey))
  }
  if (defaults.publisher !== undefined) keptSize += keep(kept, KEY_PUBLISHER, encodeString(defaults.publisher))
  const header = buffer.subarray(start, headerEnd)
  const rest = buffer.subarray(restStart, end)
  return {
    partitionKey,
    producer: annotations?.producer,
    stamp: (stamp) => encode(header, kept, keptSize, rest, stamp),
  }
}

function keep(entries: Buffer[], key: Buffer, value: Buffer): number {
  const entry = Buffer.concat([key, value])
  entries.push(entry)
  return entry.length
}

function encode(header: Buffer, kept: readonly Buffer[], keptSize: number, rest: Buffer, stamp: Stamp): StoredEvent {
  const offset = String(stamp.offset)
  const itemsSize = STAMP_SIZE + offset.length + keptSize
  const data = Buffer.allocUnsafe(header.length + ANNOTATIONS_HEAD.length + 8 + itemsSize + rest.length)
  let at = header.copy(data, 0)
  at += ANNOTATIONS_HEAD.copy(data, at)
  at = data.writeUInt32BE(4 + itemsSize, at)
  at = data.writeUInt32BE(2 * (STAMP_ENTRIES + kept.length), at)
  at += KEY_SEQUENCE_NUMBER.copy(data, at)
  at = writeLong(data, stamp.sequenceNumber, at)
  at += KEY_OFFSET.copy(data, at)
  at = data.writeUInt8(offset.length, at)
  at += data.write(offset, at, 'latin1')
  at += KEY_ENQUEUED_TIME.copy(data, at)
  at = writeLong(data, stamp.enqueuedTime, at)
  at += KEY_SEQUENCE_NUMBER_EPOCH.copy(data, at)
  for (const entry of kept) at += entry.copy(data, at)
  rest.copy(data, at)
  return { ...stamp, data, headerEnd: header.length }
}

function writeLong(buffer: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  return buffer.writeUInt32BE(value - high * 0x1_0000_0000, buffer.writeInt32BE(high, at))
}

function encodeString(text: string): Buffer {
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

function symbol(text: string, ...behind: number[]): Buffer {
  return Buffer.from([0xa3, text.length, ...Buffer.from(text, 'latin1'), ...behind])
}

// Each constant ends with the constructor of the value that follows it.
const ANNOTATIONS_HEAD = Buffer.from([0x00, 0x53, SECTION.messageAnnotations, 0xd1])
const KEY_SEQUENCE_NUMBER = symbol('x-opt-sequence-number', 0x81)
const KEY_OFFSET = symbol('x-opt-offset', 0xa1)
const KEY_ENQUEUED_TIME = symbol('x-opt-enqueued-time', 0x83)
/** -1: no geo-replication. Seen in recent samples of Microsoft's documentation. */
const KEY_SEQUENCE_NUMBER_EPOCH = symbol('x-opt-sequence-number-epoch', 0x54, 0xff)
const KEY_PARTITION_KEY = symbol('x-opt-partition-key')
const KEY_PUBLISHER = symbol('x-opt-publisher')
const STAMP_ENTRIES = 4
/** Size of the stamped entries without the digits of the offset. */
const STAMP_SIZE =
  KEY_SEQUENCE_NUMBER.length +
  8 +
  KEY_OFFSET.length +
  1 +
  KEY_ENQUEUED_TIME.length +
  8 +
  KEY_SEQUENCE_NUMBER_EPOCH.length

/** What a reader that wants the runtime metric is told with each event. */
export interface RuntimeMetric {
  readonly lastSequenceNumber: number
  readonly lastOffset: string
  readonly lastEnqueuedTime: number
  readonly now: number
}

/**
 * Delivery annotations of the capability `com.microsoft:enable-receiver-runtime-metric`, as an encoded section.
 * Source: azure-sdk-for-js, eventData.ts.
 */
export function encodeRuntimeMetric(metric: RuntimeMetric): Buffer {
  const long = (value: number) => {
    const bytes = Buffer.alloc(8)
    writeLong(bytes, value, 0)
    return bytes
  }
  const items = Buffer.concat([
    symbol('last_enqueued_sequence_number', 0x81),
    long(metric.lastSequenceNumber),
    symbol('last_enqueued_offset'),
    encodeString(metric.lastOffset),
    symbol('last_enqueued_time_utc', 0x83),
    long(metric.lastEnqueuedTime),
    symbol('runtime_info_retrieval_time_utc', 0x83),
    long(metric.now),
  ])
  const head = Buffer.from([0x00, 0x53, SECTION.deliveryAnnotations, 0xd1, 0, 0, 0, 0, 0, 0, 0, 8])
  head.writeUInt32BE(items.length + 4, 4)
  return Buffer.concat([head, items])
}

/** A stored event with delivery annotations put in their place behind the header. AMQP 1.0 §3.2. */
export function withDeliveryAnnotations(event: StoredEvent, annotations: Buffer): Buffer {
  return Buffer.concat([event.data.subarray(0, event.headerEnd), annotations, event.data.subarray(event.headerEnd)])
}

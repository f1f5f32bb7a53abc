/**
 * From a transfer to the events that are stored, and from a stored event to what a reader gets. Bytes in, bytes out: each
 * event is encoded once, when it is stored.
 */

import { DecodeError, readInteger, readMap, readText, SECTION, SectionReader, startOfBytes } from './sections.js'

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

/**
 * An event on its way into the log: the bytes it came in, and what is to be put between them. The annotations of the
 * service are added when it is stored, in one copy.
 */
export class IncomingEvent {
  readonly partitionKey: string | undefined
  readonly producer: ProducerMark | undefined
  readonly #buffer: Buffer
  readonly #start: number
  readonly #headerEnd: number
  readonly #restStart: number
  readonly #end: number
  /** Encoded annotations to keep, and their size. */
  readonly #kept: readonly Buffer[]
  readonly #keptSize: number

  constructor(fields: {
    buffer: Buffer
    start: number
    headerEnd: number
    restStart: number
    end: number
    annotations: Annotations
  }) {
    const { annotations } = fields
    this.partitionKey = annotations.partitionKey
    this.producer = annotations.producer
    this.#buffer = fields.buffer
    this.#start = fields.start
    this.#headerEnd = fields.headerEnd
    this.#restStart = fields.restStart
    this.#end = fields.end
    this.#kept = annotations.kept
    this.#keptSize = annotations.size
  }

  /** Bytes of its header section, behind which delivery annotations go. */
  get headerSize(): number {
    return this.#headerEnd - this.#start
  }

  /** Bytes it takes when it is stored at that offset. */
  sizeAt(offset: number): number {
    return this.headerSize + FIXED_SIZE + digits(offset) + this.#keptSize + this.#end - this.#restStart
  }

  /** Writes the event as readers get it. */
  write(data: Buffer, position: number, stamp: Stamp): void {
    const offset = String(stamp.offset)
    let at = position + this.#buffer.copy(data, position, this.#start, this.#headerEnd)
    at += ANNOTATIONS_HEAD.copy(data, at)
    at = data.writeUInt32BE(4 + STAMP_SIZE + offset.length + this.#keptSize, at)
    at = data.writeUInt32BE(2 * (STAMP_ENTRIES + this.#kept.length), at)
    at += KEY_SEQUENCE_NUMBER.copy(data, at)
    at = writeLong(data, stamp.sequenceNumber, at)
    at += KEY_OFFSET.copy(data, at)
    at = data.writeUInt8(offset.length, at)
    at += data.write(offset, at, 'latin1')
    at += KEY_ENQUEUED_TIME.copy(data, at)
    at = writeLong(data, stamp.enqueuedTime, at)
    at += KEY_SEQUENCE_NUMBER_EPOCH.copy(data, at)
    for (const entry of this.#kept) at += entry.copy(data, at)
    this.#buffer.copy(data, at, this.#restStart, this.#end)
  }
}

function digits(value: number): number {
  let count = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++
  return count
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
export function readTransfer(payload: Buffer, format: number, defaults: TransferDefaults = {}): IncomingEvent[] {
  if (format !== BATCH_FORMAT) return [readEvent(payload, 0, payload.length, undefined, defaults)]
  const events: IncomingEvent[] = []
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

interface Annotations {
  partitionKey: string | undefined
  producer: ProducerMark | undefined
  /** Encoded entries to keep. */
  readonly kept: Buffer[]
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
): IncomingEvent {
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
    annotations = withAnnotation(annotations, KEY_PARTITION_KEY, envelopeKey)
    annotations.partitionKey = envelopeKey
  }
  if (defaults.publisher !== undefined) annotations = withAnnotation(annotations, KEY_PUBLISHER, defaults.publisher)
  return new IncomingEvent({ buffer, start, headerEnd, restStart, end, annotations })
}

const NO_ANNOTATIONS: Annotations = { partitionKey: undefined, producer: undefined, kept: [], size: 0 }

function withAnnotation(annotations: Annotations, key: Buffer, value: string): Annotations {
  const entry = Buffer.concat([key, encodeString(value)])
  return { ...annotations, kept: [...annotations.kept, entry], size: annotations.size + entry.length }
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

/** Size of the annotations section without the digits of the offset and what is kept. */
const FIXED_SIZE = ANNOTATIONS_HEAD.length + 8 + STAMP_SIZE

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
export function withDeliveryAnnotations(event: Buffer, headerSize: number, annotations: Buffer): Buffer {
  return Buffer.concat([event.subarray(0, headerSize), annotations, event.subarray(headerSize)])
}

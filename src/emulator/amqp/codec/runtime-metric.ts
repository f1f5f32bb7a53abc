import { encodeString, symbol, writeLong } from './encode.js'
import { SECTION, SectionReader } from './sections.js'

/** The runtime metric, told with each event to a reader that wants it. */
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

/** True for an event that begins with a header section, which delivery annotations go behind. */
export function hasHeader(buffer: Buffer, start: number): boolean {
  const isShort = buffer[start + 1] === 0x53
  return !isShort || buffer[start + 2] === SECTION.header
}

/** A stored event with delivery annotations put in their place behind the header. AMQP 1.0 §3.2. */
export function withDeliveryAnnotations(event: Buffer, annotations: Buffer): Buffer {
  const sections = new SectionReader(event)
  const headerSize = sections.next() && sections.code === SECTION.header ? sections.end : 0
  return Buffer.concat([event.subarray(0, headerSize), annotations, event.subarray(headerSize)])
}

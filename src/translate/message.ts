import type { Message, RecordBatchEntry } from '../types/message.js'
import { notBinaryError, toBinary, toBytes, toJsonText } from './bytes.js'
import type { AnnotationValue, EventBody, OutgoingEvent, ReceivedEvent } from './event.js'
import { fromProperties, HEADERS_ANNOTATION, toProperties } from './headers.js'
import { toOffset } from './offset.js'

/**
 * A Kafka message as an event and back (design: docs/interop.md has the table).
 *
 * Lost on the way: of a string, that it was one (it comes back as a Buffer, as in Kafka); of a repeated header, for
 * readers that do not know `x-opt-kafka-headers`, all values but the last.
 */

/** The record key, binary: the annotation under which the Kafka endpoint shows its keys to AMQP readers. */
export const KEY_ANNOTATION = 'x-opt-kafka-key'
/** Marks the empty body of a tombstone. */
export const NULL_VALUE_ANNOTATION = 'x-opt-kafka-null-value'

const EMPTY = Buffer.alloc(0)

/**
 * Writes a message for a topic. The value goes out as bytes; null as an empty body with a mark. Throws a TypeError for a
 * key, value or header of another type than string, Buffer or null, and for a timestamp that is no time, before anything
 * is sent.
 */
export function toEvent(message: Message, topic: string): OutgoingEvent {
  const { key, value, headers, timestamp } = message
  const body = value === null ? EMPTY : toBinary(value)
  if (!body) throw notBinaryError(`value of a message for topic "${topic}"`, value)
  const event: OutgoingEvent = { body, bodyType: 'data' }
  if (key !== null && key !== undefined) {
    const bytes = toBinary(key)
    if (!bytes) throw notBinaryError(`key of a message for topic "${topic}"`, key)
    annotate(event, KEY_ANNOTATION, bytes)
  }
  if (value === null) annotate(event, NULL_VALUE_ANNOTATION, true)
  if (headers) {
    const written = toProperties(headers, topic)
    if (written) event.applicationProperties = written.applicationProperties
    if (written?.annotation) annotate(event, HEADERS_ANNOTATION, written.annotation)
  }
  if (timestamp !== undefined && timestamp !== null) event.properties = { creationTime: toTime(timestamp) }
  return event
}

function annotate(event: OutgoingEvent, name: string, value: AnnotationValue): void {
  event.messageAnnotations ??= {}
  event.messageAnnotations[name] = value
}

/** The range of an AMQP timestamp as JavaScript's Date has it. */
const MAX_TIME_MS = 8_640_000_000_000_000

function toTime(timestamp: string | number): number {
  const time = Number(timestamp)
  if (Number.isInteger(time) && Math.abs(time) <= MAX_TIME_MS && timestamp !== '') return time
  const text = `A message timestamp must be whole milliseconds since the epoch, received ${JSON.stringify(timestamp)}`
  throw Object.assign(new TypeError(text), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** kafkajs's record, whose last two members are not in its types. */
export interface ReceivedMessage extends RecordBatchEntry {
  magicByte: number
  isControlRecord: boolean
  batchContext: BatchContext
}

/** Each event is its own batch: Kafka's record batches do not exist over AMQP. */
interface BatchContext {
  firstOffset: string
  firstTimestamp: string
  partitionLeaderEpoch: number
  inTransaction: boolean
  isControlBatch: boolean
  lastOffsetDelta: number
  producerId: string
  producerEpoch: number
  firstSequence: number
  maxTimestamp: string
  timestampType: number
  magicByte: number
}

const CREATE_TIME = 0
const LOG_APPEND_TIME = 1
const RECORD_BATCH_MAGIC = 2

/**
 * Reads an event of any sender. A body compressed by this library stays so: `readEvent` undoes it. Throws what the event
 * throws when it cannot be decoded.
 *
 * `key` and `value` may be slices of what the connection received.
 */
export function fromEvent(event: ReceivedEvent): ReceivedMessage {
  const { annotations, applicationProperties, properties, data } = event
  const creationTime = properties?.creationTime
  const key = toKey(annotations?.[KEY_ANNOTATION] ?? event.partitionKey)
  const value = annotations?.[NULL_VALUE_ANNOTATION] === true ? null : (data ?? fromBody(event.body))
  const headers = annotations || applicationProperties || properties ? fromProperties(event, properties) : {}
  return toRecord(event, creationTime, { key, value, headers })
}

/** Tells, on a message made of an event that could not be decoded, why. */
const UNDECODABLE_HEADER = 'kafkajs-eventhubs-undecodable'

/** An event that makes no sense, as far as it goes: its number, its time, and as the value all of its bytes. */
export function fromUndecodable(event: ReceivedEvent, reason: string): ReceivedMessage {
  const headers = { [UNDECODABLE_HEADER]: Buffer.from(reason) }
  return toRecord(event, undefined, { key: null, value: event.raw, headers })
}

function toRecord(
  { sequenceNumber, enqueuedTime }: ReceivedEvent,
  creationTime: number | undefined,
  { key, value, headers }: Pick<ReceivedMessage, 'key' | 'value' | 'headers'>,
): ReceivedMessage {
  const offset = toOffset(sequenceNumber)
  const timestamp = toTimestamp(creationTime ?? enqueuedTime)
  return {
    magicByte: RECORD_BATCH_MAGIC,
    attributes: 0,
    timestamp,
    offset,
    key,
    value,
    headers,
    isControlRecord: false,
    batchContext: {
      firstOffset: offset,
      firstTimestamp: timestamp,
      partitionLeaderEpoch: 0,
      inTransaction: false,
      isControlBatch: false,
      lastOffsetDelta: 0,
      producerId: '-1',
      producerEpoch: -1,
      firstSequence: -1,
      maxTimestamp: timestamp,
      timestampType: creationTime === undefined ? LOG_APPEND_TIME : CREATE_TIME,
      magicByte: RECORD_BATCH_MAGIC,
    },
  }
}

let lastTime = 0
let lastTimestamp = '0'

/** Events that were stored together have the same time: its text is made once. */
function toTimestamp(time: number): string {
  if (time !== lastTime) {
    lastTime = time
    lastTimestamp = String(time)
  }
  return lastTimestamp
}

function toKey(key: unknown): Buffer | null {
  return key === null || key === undefined ? null : toBytes(key)
}

/** The bytes of a body: data sections one after the other, any other body as its JSON text, none as null. */
function fromBody({ type, contents }: EventBody): Buffer | null {
  const [first] = contents
  if (type === 'none' || (contents.length === 1 && (first === null || Buffer.isBuffer(first))))
    return (first as Buffer | null) ?? null
  if (type === 'data') return contents.length === 1 ? toBytes(first) : Buffer.concat(contents.filter(Buffer.isBuffer))
  return Buffer.from(toJsonText(contents.length === 1 ? first : contents.flat()))
}

import { AmqpEvent } from '../../amqp/codec/amqp-event.js'
import { symbol, writeLong } from '../../amqp/codec/encode.js'
import { SECTION } from '../../amqp/codec/sections.js'
import type { IncomingEvent } from '../../model/event.js'
import type { KafkaRecord, RecordHeader } from '../records/record-batch.js'

/** A key of a producer over Kafka. It is no partition key: azure-sdk-for-python #18460, by the service's team. */
export const KEY_ANNOTATION = 'x-opt-kafka-key'
/**
 * All headers as a list of name and value, where application properties can't say it: repeated names, null values. With
 * the one below it is what the client library of this package writes and reads; of the service it is not known.
 */
export const HEADERS_ANNOTATION = 'x-opt-kafka-headers'
export const NULL_VALUE_ANNOTATION = 'x-opt-kafka-null-value'

const KEY_SYMBOL = symbol(KEY_ANNOTATION)
const HEADERS_SYMBOL = symbol(HEADERS_ANNOTATION)
const NULL_VALUE_ENTRY = symbol(NULL_VALUE_ANNOTATION, 0x41)

const NULL = 0x40
/** A name no JavaScript reader gets out of a map. */
const UNSAFE_NAME = '__proto__'
/** The bodies of small batches are cut from Node's pool; they live until the log has copied them. */
const SECTION_HEAD = 3

/**
 * Records of a Kafka producer as events. `keepsTime`: whether the event hub keeps the producers' timestamps. Microsoft:
 * "Exchange events between consumers and producers that use different protocols".
 */
export function toEvents(records: readonly KafkaRecord[], { keepsTime }: { keepsTime: boolean }): IncomingEvent[] {
  const buffer = Buffer.allocUnsafe(records.reduce((sum, record) => sum + sizeOf(record, keepsTime), 0))
  let at = 0
  return records.map((record) => {
    const start = at
    if (keepsTime) at = writeCreationTime(buffer, at, record.timestamp)
    if (record.headers.length > 0) at = writeProperties(buffer, at, record.headers)
    at = writeSection(buffer, at, SECTION.data)
    at = writeBinary(buffer, at, record.value ?? EMPTY)
    const kept = annotationsOf(record)
    return new AmqpEvent({
      buffer,
      start,
      headerEnd: start,
      restStart: start,
      end: at,
      annotations: {
        partitionKey: undefined,
        producer: undefined,
        kept,
        count: kept.length,
        size: kept.reduce((sum, entry) => sum + entry.length, 0),
      },
      origin: 'kafka',
    })
  })
}

const EMPTY = Buffer.alloc(0)
const NOTHING: Buffer[] = []

function annotationsOf({ key, value, headers }: KafkaRecord): Buffer[] {
  if (key === null && value !== null && headers.length === 0) return NOTHING
  const kept: Buffer[] = []
  if (key !== null) kept.push(Buffer.concat([KEY_SYMBOL, encodeBinary(key)]))
  if (value === null) kept.push(NULL_VALUE_ENTRY)
  if (!isMap(headers)) kept.push(Buffer.concat([HEADERS_SYMBOL, encodeHeaders(headers)]))
  return kept
}

/** True for headers that a map can hold: each name once, no value missing. */
function isMap(headers: readonly RecordHeader[]): boolean {
  if (headers.length === 0) return true
  const names = new Set(headers.map(({ name }) => name))
  return names.size === headers.length && !names.has(UNSAFE_NAME) && headers.every(({ value }) => value !== null)
}

function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  const items = headers.reduce((sum, { name, value }) => sum + textSize(name) + binarySize(value), 0)
  const buffer = Buffer.allocUnsafe(9 + items)
  let at = writeCompound(buffer, 0, { type: 0xd0, size: items, count: 2 * headers.length })
  for (const { name, value } of headers) at = writeNullableBinary(buffer, writeText(buffer, at, name), value)
  return buffer
}

function sizeOf({ value, headers }: KafkaRecord, keepsTime: boolean): number {
  let size = SECTION_HEAD + binarySize(value ?? EMPTY)
  if (keepsTime) size += SECTION_HEAD + CREATION_TIME_HEAD.length + 8
  if (headers.length > 0) size += SECTION_HEAD + 9
  for (const header of headers) size += textSize(header.name) + binarySize(header.value)
  return size
}

/** A list of ten whose last is the creation time. AMQP 1.0 §3.2.4. */
const CREATION_TIME_HEAD = Buffer.from([0xc0, 1 + 9 + 9, 10, ...Array<number>(9).fill(NULL), 0x83])

function writeCreationTime(buffer: Buffer, start: number, time: number): number {
  const at = writeSection(buffer, start, SECTION.properties)
  return writeLong(buffer, time, at + CREATION_TIME_HEAD.copy(buffer, at))
}

/** Binary, as the service writes what a Kafka producer sends. The last of equal names stays: a map has one of each. */
function writeProperties(buffer: Buffer, start: number, headers: readonly RecordHeader[]): number {
  const last = new Map(headers.map((header) => [header.name, header.value]))
  let size = 0
  for (const [name, value] of last) size += textSize(name) + binarySize(value)
  let at = writeSection(buffer, start, SECTION.applicationProperties)
  at = writeCompound(buffer, at, { type: 0xd1, size, count: 2 * last.size })
  for (const [name, value] of last) at = writeNullableBinary(buffer, writeText(buffer, at, name), value)
  return at
}

function writeSection(buffer: Buffer, at: number, code: number): number {
  buffer[at] = 0x00
  buffer[at + 1] = 0x53
  buffer[at + 2] = code
  return at + SECTION_HEAD
}

function writeCompound(buffer: Buffer, at: number, { type, size, count }: Record<'type' | 'size' | 'count', number>) {
  buffer[at] = type
  return buffer.writeUInt32BE(count, buffer.writeUInt32BE(size + 4, at + 1))
}

function textSize(text: string): number {
  const length = Buffer.byteLength(text)
  return (length > 255 ? 5 : 2) + length
}

function writeText(buffer: Buffer, at: number, text: string): number {
  const next = writeHead(buffer, at, { short: 0xa1, long: 0xb1, length: Buffer.byteLength(text) })
  return next + buffer.write(text, next, 'utf8')
}

function binarySize(value: Buffer | null): number {
  return value === null ? 1 : (value.length > 255 ? 5 : 2) + value.length
}

function writeBinary(buffer: Buffer, at: number, value: Buffer): number {
  const next = writeHead(buffer, at, { short: 0xa0, long: 0xb0, length: value.length })
  return next + value.copy(buffer, next)
}

function writeNullableBinary(buffer: Buffer, at: number, value: Buffer | null): number {
  if (value !== null) return writeBinary(buffer, at, value)
  buffer[at] = NULL
  return at + 1
}

function encodeBinary(value: Buffer): Buffer {
  const buffer = Buffer.allocUnsafe(binarySize(value))
  writeBinary(buffer, 0, value)
  return buffer
}

function writeHead(buffer: Buffer, at: number, head: { short: number; long: number; length: number }): number {
  if (head.length > 255) {
    buffer[at] = head.long
    return buffer.writeUInt32BE(head.length, at + 1)
  }
  buffer[at] = head.short
  buffer[at + 1] = head.length
  return at + 2
}

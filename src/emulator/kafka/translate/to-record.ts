import { STAMP_ENTRIES } from '../../amqp/codec/amqp-event.js'
import { SECTION, SectionReader } from '../../amqp/codec/sections.js'
import { readList, readMap, readText, startOfBytes } from '../../amqp/codec/values.js'
import type { StoredEvent } from '../../model/event.js'
import type { HeaderPart } from '../records/batch-writer.js'
import { plainText } from './plain-text.js'
import { HEADERS_ANNOTATION, KEY_ANNOTATION, NULL_VALUE_ANNOTATION } from './to-event.js'

/** An event as Kafka clients read it. Key, value and headers are parts of the stored event. */
export interface ReadRecord {
  key: Buffer | null
  value: Buffer | null
  headers: readonly HeaderPart[]
  /** The producer's, where it was kept. */
  creationTime: number | undefined
}

/** Properties of an AMQP sender that the service hands on as headers, by their places. Source: for-kafka, PR #216. */
const PROPERTY_HEADERS: readonly (string | undefined)[] = [
  'message-id',
  'user-id',
  'to',
  'subject',
  'reply-to',
  'correlation-id',
  'content-type',
]
const CREATION_TIME = 9
const PARTITION_KEY = 'x-opt-partition-key'
const EMPTY = Buffer.alloc(0)
const NO_HEADERS: readonly HeaderPart[] = []

/**
 * Reads a stored event. What came by Kafka is given back as it came. Of what came over AMQP application properties keep their
 * AMQP encoding, type byte included ("agnostic to encoding", says Microsoft), and there is no key: the partition key is a
 * header. `trustsAnnotations`: whether those of this package's client library count for events of AMQP senders too.
 */
export function toRecord(event: StoredEvent, trustsAnnotations: boolean): ReadRecord {
  const { batch, start, end } = event
  const isKafka = event.origin === 'kafka'
  const record: ReadRecord = { key: null, value: EMPTY, headers: NO_HEADERS, creationTime: undefined }
  const headers: HeaderPart[] = []
  const marks = { isNull: false, allHeaders: undefined as readonly HeaderPart[] | undefined }
  let parts: Buffer[] | undefined
  const sections = new SectionReader(batch, start, end)
  while (sections.next()) {
    const { code, value } = sections
    switch (code) {
      case SECTION.messageAnnotations:
        if (hasOwnAnnotations(batch, value)) {
          readAnnotations(record, {
            event,
            at: value,
            end: sections.end,
            headers,
            marks,
            isTrusted: isKafka || trustsAnnotations,
          })
        }
        break
      case SECTION.properties:
        readProperties(record, { batch, at: value, end: sections.end, headers: isKafka ? undefined : headers })
        break
      case SECTION.applicationProperties:
        for (const entry of readMap(batch, value, sections.end)) {
          const name = readText(batch, entry.key, sections.end)
          // Encoded, with its type byte: as the service hands them on. for-kafka #56, #185.
          const raw = isKafka ? contentOf(batch, entry.value, entry.end) : batch.subarray(entry.value, entry.end)
          headers.push({ name, value: raw })
        }
        break
      case SECTION.data: {
        const bytes = batch.subarray(startOfBytes(batch, value), sections.end)
        if (parts) parts.push(bytes)
        else parts = [bytes]
        break
      }
      case SECTION.sequence:
      case SECTION.value:
        parts = [...(parts ?? []), batch.subarray(value, sections.end)]
        break
      default:
    }
  }
  if (marks.isNull) record.value = null
  else if (parts) record.value = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  record.headers = marks.allHeaders ?? headers
  return record
}

/** True when there are annotations besides those that every stored event begins with. */
function hasOwnAnnotations(batch: Buffer, at: number): boolean {
  return batch.readUInt32BE(at + 5) > 2 * STAMP_ENTRIES
}

function readAnnotations(
  record: ReadRecord,
  options: {
    event: StoredEvent
    at: number
    end: number
    headers: HeaderPart[]
    marks: { isNull: boolean; allHeaders: readonly HeaderPart[] | undefined }
    isTrusted: boolean
  },
): void {
  const { event, at, end, headers, marks, isTrusted } = options
  const { batch } = event
  for (const { key, value, end: entryEnd } of readMap(batch, at, end).slice(STAMP_ENTRIES)) {
    const name = (batch[key] as number) >= 0xa0 ? readText(batch, key, end) : ''
    switch (name) {
      case KEY_ANNOTATION:
        if (isTrusted) record.key = contentOf(batch, value, entryEnd)
        break
      case NULL_VALUE_ANNOTATION:
        if (isTrusted) marks.isNull = batch[value] === 0x41
        break
      case HEADERS_ANNOTATION:
        if (isTrusted) marks.allHeaders = readHeaders(batch, value, entryEnd)
        break
      case PARTITION_KEY:
        headers.push({ name, value: plainText(batch, value, entryEnd) })
        break
      default:
        // The service's own and those of idempotent publishing are for nobody else.
        if (name !== '' && !name.startsWith('x-opt-') && !name.startsWith('com.microsoft:')) {
          headers.push({ name, value: plainText(batch, value, entryEnd) })
        }
    }
  }
}

function readHeaders(batch: Buffer, at: number, end: number): HeaderPart[] {
  const items = readList(batch, at, end)
  const headers: HeaderPart[] = []
  for (let index = 0; index + 1 < items.length; index += 2) {
    const [name, value] = [items[index], items[index + 1]] as [number, number]
    headers.push({ name: contentOf(batch, name, value) ?? '', value: contentOf(batch, value, items[index + 2] ?? end) })
  }
  return headers
}

function readProperties(
  record: ReadRecord,
  { batch, at, end, headers }: { batch: Buffer; at: number; end: number; headers: HeaderPart[] | undefined },
): void {
  const fields = readList(batch, at, end)
  for (const [index, value] of fields.entries()) {
    if (batch[value] === 0x40) continue
    const name = PROPERTY_HEADERS[index]
    const next = fields[index + 1] ?? end
    if (index === CREATION_TIME && batch[value] === 0x83) {
      record.creationTime = batch.readInt32BE(value + 1) * 0x1_0000_0000 + batch.readUInt32BE(value + 5)
    } else if (name !== undefined) headers?.push({ name, value: plainText(batch, value, next) })
  }
}

/** The bytes of a binary, string or symbol; null of a null. */
function contentOf(batch: Buffer, at: number, end: number): Buffer | null {
  return (batch[at] as number) >= 0xa0 && (batch[at] as number) < 0xc0
    ? batch.subarray(startOfBytes(batch, at), end)
    : null
}

import type { ProducerMark } from '../../model/event.js'
import { encodeString, symbol } from './encode.js'
import { DecodeError, openMap, readInteger, readText, skipValue, startOfBytes } from './values.js'

/** The content of an event's annotations, and which of them are kept. */
export interface Annotations {
  readonly partitionKey: string | undefined
  readonly producer: ProducerMark | undefined
  /** Encoded entries to keep, neighbours in one piece. */
  readonly kept: readonly Buffer[]
  /** The number of entries in `kept`, and their bytes. */
  readonly count: number
  readonly size: number
}

export const NO_ANNOTATIONS: Annotations = {
  partitionKey: undefined,
  producer: undefined,
  kept: [],
  count: 0,
  size: 0,
}

/** Adds an annotation whose value is a string. */
export function withAnnotation(annotations: Annotations, key: string, value: string): Annotations {
  const entry = Buffer.concat([symbol(key), encodeString(value)])
  const { kept, count, size } = annotations
  return { ...annotations, kept: [...kept, entry], count: count + 1, size: size + entry.length }
}

/** Annotations that are the service's to give, or tell it something. */
const NAMES = {
  'x-opt-sequence-number': 'own',
  'x-opt-sequence-number-epoch': 'own',
  'x-opt-offset': 'own',
  'x-opt-enqueued-time': 'own',
  'x-opt-publisher': 'own',
  'x-opt-partition-key': 'partitionKey',
  'com.microsoft:producer-id': 'producerId',
  'com.microsoft:producer-epoch': 'epoch',
  'com.microsoft:producer-sequence-number': 'sequenceNumber',
} as const
type Meaning = (typeof NAMES)[keyof typeof NAMES]

/** By length: a name is compared as bytes, as this is run for every annotation that comes in. */
const KNOWN: (readonly { readonly name: Buffer; readonly meaning: Meaning }[])[] = []
for (const [name, meaning] of Object.entries(NAMES)) {
  KNOWN[name.length] = [...(KNOWN[name.length] ?? []), { name: Buffer.from(name), meaning }]
}

/** Reads the annotations whose map is at `at`. Throws {@link DecodeError}. */
export function readAnnotations(buffer: Buffer, at: number, limit: number): Annotations {
  if (buffer[at] === 0x40) return NO_ANNOTATIONS
  const map = openMap(buffer, at, limit)
  let partitionKey: string | undefined
  let producerId: number | undefined
  let epoch: number | undefined
  let sequenceNumber: number | undefined
  const kept: Buffer[] = []
  let count = 0
  /** The beginning of the entries to keep that are read and not in `kept` yet. */
  let pending = map.start
  let key = map.start
  for (let i = 0; i < map.count; i += 2) {
    const value = skipValue(buffer, key, map.end)
    const end = skipValue(buffer, value, map.end)
    const meaning = meaningOf(buffer, key, value)
    if (meaning === 'own') {
      if (pending < key) kept.push(buffer.subarray(pending, key))
      pending = end
    } else {
      count++
      if (meaning === 'sequenceNumber') sequenceNumber = readInteger(buffer, value, end)
      else if (meaning === 'producerId') producerId = readInteger(buffer, value, end)
      else if (meaning === 'epoch') epoch = readInteger(buffer, value, end)
      else if (meaning === 'partitionKey') partitionKey = readOptionalText(buffer, value, end)
    }
    key = end
  }
  if (pending < key) kept.push(buffer.subarray(pending, key))
  const isMarked = producerId !== undefined && epoch !== undefined && sequenceNumber !== undefined
  const producer = isMarked ? ({ producerId, epoch, sequenceNumber } as ProducerMark) : undefined
  return { partitionKey, producer, kept, count, size: sizeOf(kept) }
}

function sizeOf(kept: readonly Buffer[]): number {
  let size = 0
  for (const entries of kept) size += entries.length
  return size
}

/** Keys are symbols; numeric ones are reserved and none of ours. AMQP 1.0 §3.2.10. */
function meaningOf(buffer: Buffer, key: number, end: number): Meaning | undefined {
  if ((buffer[key] as number) < 0xa0) return undefined
  const start = startOfBytes(buffer, key)
  const candidates = KNOWN[end - start]
  if (!candidates) return undefined
  for (const { name, meaning } of candidates) if (isEqual(buffer, start, name)) return meaning
  return undefined
}

/** For so few bytes quicker than a call into Node. */
function isEqual(buffer: Buffer, start: number, name: Buffer): boolean {
  for (let i = name.length - 1; i >= 0; i--) if (buffer[start + i] !== name[i]) return false
  return true
}

function readOptionalText(buffer: Buffer, at: number, end: number): string | undefined {
  return (buffer[at] as number) >= 0xa0 ? readText(buffer, at, end) : undefined
}

import type { EventBody, MessageProperties, ReceivedEvent } from '../../translate/event.js'
import { type AmqpMap, DecodingError, decodeValue, endOfValue, setEntry } from './decoding.js'
import { decodeBody, decodeMap, decodeProperties, SECTION, SectionReader } from './message.js'

/** The mark of a number that was not readable. */
export const UNREADABLE = -1

/**
 * An event as it came, among the bytes it came with. Read at once is what is needed of every event; the rest is found, and
 * decoded when somebody asks. What is asked for late throws `DecodingError` then.
 */
class EncodedEvent implements ReceivedEvent {
  sequenceNumber = UNREADABLE
  enqueuedTime = 0
  wholeOffset = Number.NaN
  annotations: AmqpMap | undefined = undefined
  problem: Error | undefined = undefined
  data: Buffer | undefined = undefined
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number
  #raw: Buffer | undefined = undefined
  /** Places among the bytes, of what there is no need for yet; 0 where there is none of it. */
  offsetAt = 0
  partitionKeyAt = 0
  deliveryAnnotationsAt = 0
  propertiesAt = 0
  applicationPropertiesAt = 0
  #applicationProperties: AmqpMap | undefined = undefined

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** The number of its bytes. */
  get size(): number {
    return this.#end - this.#start
  }

  get raw(): Buffer {
    this.#raw ??= this.#bytes.subarray(this.#start, this.#end)
    return this.#raw
  }

  get offset(): string {
    const { offsetAt } = this
    return offsetAt === 0 ? '' : String(decodeValue(this.#bytes, offsetAt))
  }

  get partitionKey(): string | null {
    if (this.partitionKeyAt === 0) return null
    const key = decodeValue(this.raw, this.partitionKeyAt - this.#start)
    return key === null ? null : (key as string)
  }

  get applicationProperties(): AmqpMap | undefined {
    if (this.applicationPropertiesAt === 0) return undefined
    this.#applicationProperties ??= decodeMap(this.raw, this.applicationPropertiesAt - this.#start)
    return this.#applicationProperties
  }

  get properties(): MessageProperties | undefined {
    return this.propertiesAt === 0 ? undefined : decodeProperties(this.raw, this.propertiesAt - this.#start)
  }

  get body(): EventBody {
    return this.data ? { type: 'data', contents: [this.data] } : decodeBody(this.raw)
  }

  get lastEnqueuedSequenceNumber(): number | undefined {
    if (this.deliveryAnnotationsAt === 0) return undefined
    const number = decodeMap(this.raw, this.deliveryAnnotationsAt - this.#start)?.['last_enqueued_sequence_number']
    return typeof number === 'number' ? number : undefined
  }
}

/**
 * Finds its way through a message, from `start` to `end`. One that makes no sense is an event too, with its `problem`; its sequence number is
 * `UNREADABLE` when that was not reached.
 */
export function parseEvent(bytes: Buffer, start = 0, end = bytes.length): EncodedEvent {
  const event = new EncodedEvent(bytes, start, end)
  try {
    findParts(event, bytes, start, end)
    if (event.sequenceNumber === UNREADABLE) throw new DecodingError('the event has no sequence number')
  } catch (error) {
    if (!(error instanceof DecodingError)) throw error
    // What is said of places is said of the event, not of what it came with.
    if (start > 0) return parseEvent(bytes.subarray(start, end))
    event.problem = error
  } finally {
    // What was parsed last would stay in memory.
    sections.open(nothing, 0, 0)
  }
  return event
}

export type { EncodedEvent }

const nothing = Buffer.alloc(0)
/** One for all: an event is parsed in one go. */
const sections = new SectionReader(nothing)

function findParts(event: EncodedEvent, bytes: Buffer, start: number, end: number): void {
  sections.open(bytes, start, end)
  let bodySections = 0
  while (sections.next()) {
    const { value } = sections
    switch (sections.code) {
      case SECTION.messageAnnotations:
        readAnnotations(event, bytes, value, sections.end)
        break
      case SECTION.deliveryAnnotations:
        event.deliveryAnnotationsAt = value
        break
      case SECTION.properties:
        // Many senders write an empty list.
        if (bytes[value] !== 0x45) event.propertiesAt = value
        break
      case SECTION.applicationProperties:
        event.applicationPropertiesAt = value
        break
      case SECTION.data:
        bodySections++
        if (bytes[value] === 0xa0) event.data = bytes.subarray(value + 2, sections.end)
        else if (bytes[value] === 0xb0) event.data = bytes.subarray(value + 5, sections.end)
        break
      case SECTION.sequence:
      case SECTION.value:
        bodySections++
    }
  }
  if (bodySections !== 1) event.data = undefined
}

const SEQUENCE_NUMBER = Buffer.from('x-opt-sequence-number')
const OFFSET = Buffer.from('x-opt-offset')
const ENQUEUED_TIME = Buffer.from('x-opt-enqueued-time')
const PARTITION_KEY = Buffer.from('x-opt-partition-key')
/** On every event, and of no use to anyone. */
const SEQUENCE_NUMBER_EPOCH = Buffer.from('x-opt-sequence-number-epoch')

/** Reads what the service has annotated, without making strings of the names. */
function readAnnotations(event: EncodedEvent, bytes: Buffer, at: number, end: number): void {
  const type = bytes[at]
  if (type === 0x40) return
  if (type !== 0xc1 && type !== 0xd1) throw new DecodingError(`the annotations of a message are no map, at byte ${at}`)
  const width = type === 0xc1 ? 1 : 4
  let key = at + 1 + 2 * width
  if (key > end) throw new DecodingError(`the bytes end within a value, at byte ${at}`)
  const count = width === 1 ? (bytes[at + 2] as number) : bytes.readUInt32BE(at + 5)
  for (let read = 0; read < count; read += 2) {
    const value = endOfValue(bytes, key, end)
    const next = endOfValue(bytes, value, end)
    const isShortName = bytes[key] === 0xa3 || bytes[key] === 0xa1
    const length = isShortName ? value - key - 2 : 0
    if (length === SEQUENCE_NUMBER.length && isAt(bytes, key + 2, SEQUENCE_NUMBER)) {
      event.sequenceNumber = wholeNumber(bytes, value, next)
    } else if (length === OFFSET.length && isAt(bytes, key + 2, OFFSET)) {
      event.offsetAt = value
      event.wholeOffset = digitsAt(bytes, value)
    } else if (length === ENQUEUED_TIME.length && isAt(bytes, key + 2, ENQUEUED_TIME)) {
      event.enqueuedTime = timeOf(bytes, value, next)
    } else if (length === PARTITION_KEY.length && isAt(bytes, key + 2, PARTITION_KEY)) {
      event.partitionKeyAt = value
    } else if (length !== SEQUENCE_NUMBER_EPOCH.length || !isAt(bytes, key + 2, SEQUENCE_NUMBER_EPOCH)) {
      readOther(event, bytes, key, value, next)
    }
    key = next
  }
  if (key !== end) throw new DecodingError(`the annotations of a message end early, at byte ${key}`)
}

function readOther(event: EncodedEvent, bytes: Buffer, key: number, value: number, next: number): void {
  const name = decodeValue(bytes, key, value)
  event.annotations ??= {}
  setEntry(event.annotations, String(name), decodeValue(bytes, value, next))
}

function isAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = name.length - 1; i >= 0; i--) if (bytes[at + i] !== name[i]) return false
  return true
}

function wholeNumber(bytes: Buffer, at: number, next: number): number {
  const value = bytes[at] === 0x81 ? longAt(bytes, at + 1) : decodeValue(bytes, at, next)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : UNREADABLE
}

/** Ms since the epoch, without a Date where the value is one. */
function timeOf(bytes: Buffer, at: number, next: number): number {
  if (bytes[at] === 0x83) return longAt(bytes, at + 1)
  const value = decodeValue(bytes, at, next)
  return typeof value === 'number' ? value : 0
}

/** Digits that a number holds exactly. */
const mostDigits = 15
const zero = 0x30

/** The number that a short string at `at` is in decimal, without zeros before it; NaN for anything else. */
function digitsAt(bytes: Buffer, at: number): number {
  const first = at + 2
  const length = bytes[at + 1] as number
  if (bytes[at] !== 0xa1 || length === 0 || length > mostDigits) return Number.NaN
  if (bytes[first] === zero && length > 1) return Number.NaN
  let number = 0
  for (let i = first; i < first + length; i++) {
    const digit = (bytes[i] as number) - zero
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

const longAt = (bytes: Buffer, at: number) => bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)

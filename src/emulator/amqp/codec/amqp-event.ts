import type { IncomingEvent, Origin, ProducerMark, Stamp } from '../../model/event.js'
import type { Annotations } from './annotations.js'
import { symbol, writeLong } from './encode.js'
import { SECTION } from './sections.js'

/**
 * An event as an encoded AMQP message: the bytes it came in, and what is to be put between them. The annotations of the
 * service are added when it is stored, in one copy.
 */
export class AmqpEvent implements IncomingEvent {
  readonly partitionKey: string | undefined
  readonly producer: ProducerMark | undefined
  readonly origin: Origin
  readonly #buffer: Buffer
  readonly #start: number
  readonly #headerEnd: number
  readonly #restStart: number
  readonly #end: number
  /** Encoded annotations to keep, and their size. */
  readonly #kept: readonly Buffer[]
  readonly #keptCount: number
  readonly #keptSize: number

  constructor(fields: {
    buffer: Buffer
    start: number
    headerEnd: number
    restStart: number
    end: number
    annotations: Annotations
    origin?: Origin
  }) {
    const { annotations } = fields
    this.partitionKey = annotations.partitionKey
    this.producer = annotations.producer
    this.origin = fields.origin ?? 'amqp'
    this.#buffer = fields.buffer
    this.#start = fields.start
    this.#headerEnd = fields.headerEnd
    this.#restStart = fields.restStart
    this.#end = fields.end
    this.#kept = annotations.kept
    this.#keptCount = annotations.count
    this.#keptSize = annotations.size
  }

  sizeAt(offset: number): number {
    return this.#headerEnd - this.#start + FIXED_SIZE + digits(offset) + this.#keptSize + this.#end - this.#restStart
  }

  write(data: Buffer, position: number, stamp: Stamp): void {
    const offset = String(stamp.offset)
    let at = position + this.#buffer.copy(data, position, this.#start, this.#headerEnd)
    data.set(BEFORE_OFFSET, at)
    data.writeUInt32BE(4 + STAMP_SIZE + offset.length + this.#keptSize, at + ANNOTATIONS_HEAD.length)
    data.writeUInt32BE(2 * (STAMP_ENTRIES + this.#keptCount), at + ANNOTATIONS_HEAD.length + 4)
    writeLong(data, stamp.sequenceNumber, at + ANNOTATIONS_HEAD.length + 8 + KEY_SEQUENCE_NUMBER.length)
    at = data.writeUInt8(offset.length, at + BEFORE_OFFSET.length)
    at += data.write(offset, at, 'latin1')
    data.set(BEHIND_OFFSET, at)
    writeLong(data, stamp.enqueuedTime, at + KEY_ENQUEUED_TIME.length)
    at += BEHIND_OFFSET.length
    for (const entry of this.#kept) at += entry.copy(data, at)
    this.#buffer.copy(data, at, this.#restStart, this.#end)
  }
}

function digits(value: number): number {
  let count = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++
  return count
}

// Each constant ends with the constructor of the value that follows it.
const ANNOTATIONS_HEAD = Buffer.from([0x00, 0x53, SECTION.messageAnnotations, 0xd1])
const KEY_SEQUENCE_NUMBER = symbol('x-opt-sequence-number', 0x81)
const KEY_OFFSET = symbol('x-opt-offset', 0xa1)
const KEY_ENQUEUED_TIME = symbol('x-opt-enqueued-time', 0x83)
/** -1: no geo-replication. Seen in recent samples of Microsoft's documentation. */
const KEY_SEQUENCE_NUMBER_EPOCH = symbol('x-opt-sequence-number-epoch', 0x54, 0xff)
const NUMBER = Buffer.alloc(8)
/** Size and count, then the numbers, are written over it. */
const BEFORE_OFFSET = Buffer.concat([ANNOTATIONS_HEAD, NUMBER, KEY_SEQUENCE_NUMBER, NUMBER, KEY_OFFSET])
const BEHIND_OFFSET = Buffer.concat([KEY_ENQUEUED_TIME, NUMBER, KEY_SEQUENCE_NUMBER_EPOCH])
/** Entries that the annotations of every stored event begin with. */
export const STAMP_ENTRIES = 4
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

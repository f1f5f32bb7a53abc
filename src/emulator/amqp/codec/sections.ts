import { DecodeError, readText, skipValue } from './values.js'

/**
 * Finds the sections of an encoded message without decoding them. An event is taken apart and put together again as
 * bytes: what the emulator does not have to understand passes through unchanged, and cheaply.
 */

/** Descriptors of the sections of a message. AMQP 1.0 §3.2. */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const

/**
 * Walks through the sections of a message, in order. After each `next()` that is true, `start` is the section's
 * descriptor, `value` the constructor of its content, `end` the byte behind it. One object per message, not per section:
 * this is run for every event that comes in.
 */
export class SectionReader {
  readonly #buffer: Buffer
  readonly #limit: number
  code: number = SECTION.header - 1
  start: number
  value: number
  end: number

  constructor(buffer: Buffer, start = 0, limit = buffer.length) {
    this.#buffer = buffer
    this.#limit = limit
    this.start = start
    this.value = start
    this.end = start
  }

  /** False at the end of the message. Throws {@link DecodeError}. */
  next(): boolean {
    const at = this.end
    if (at >= this.#limit) return false
    const previous = this.code
    this.start = at
    const buffer = this.#buffer
    if (at + 3 <= this.#limit && buffer[at] === 0x00 && buffer[at + 1] === 0x53) {
      this.code = buffer[at + 2] as number
      this.value = at + 3
    } else this.#readLongDescriptor(at)
    const { code } = this
    if (code < SECTION.header || code > SECTION.footer) throw new DecodeError(`unknown section 0x${code.toString(16)}`)
    // The order is fixed (AMQP 1.0 §3.2), but rhea writes the footer before the body. What has to be true here: header and
    // annotations come first, in their order, once.
    if (code <= SECTION.messageAnnotations && code <= previous) throw new DecodeError('sections out of order')
    this.end = skipValue(buffer, this.value, this.#limit)
    return true
  }

  #readLongDescriptor(at: number): void {
    const buffer = this.#buffer
    if (at + 2 > this.#limit || buffer[at] !== 0x00) throw new DecodeError('a section must be a described type')
    const type = buffer[at + 1]
    this.value = skipValue(buffer, at + 1, this.#limit)
    if (type === 0x80) this.code = buffer.readUInt32BE(at + 6)
    else if (type === 0xa3 || type === 0xb3) this.code = SYMBOLIC.get(readText(buffer, at + 1, this.#limit)) ?? 0
    else throw new DecodeError('a section must have a numeric or symbolic descriptor')
  }
}

const SYMBOLIC: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', SECTION.header],
  ['amqp:delivery-annotations:map', SECTION.deliveryAnnotations],
  ['amqp:message-annotations:map', SECTION.messageAnnotations],
  ['amqp:properties:list', SECTION.properties],
  ['amqp:application-properties:map', SECTION.applicationProperties],
  ['amqp:data:binary', SECTION.data],
  ['amqp:amqp-sequence:list', SECTION.sequence],
  ['amqp:amqp-value:*', SECTION.value],
  ['amqp:footer:map', SECTION.footer],
])

import type { EventBody, MessageProperties } from '../../translate/event.js'
import { type AmqpMap, DecodingError, decodeValue, endOfValue } from './decoding.js'

/** Descriptors of the sections of a message. AMQP 1.0 part 3, 3.2. */
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

const symbolic: ReadonlyMap<unknown, number> = new Map([
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

/** The mark of a section that the specification does not have. */
const UNKNOWN_SECTION = -1

/**
 * Finds the sections of a message, in the order in which they come. After each `next()` that is true, `code` is the
 * section's descriptor, `value` where its content begins, `end` the byte behind it.
 */
export class SectionReader {
  code: number = UNKNOWN_SECTION
  value = 0
  end = 0
  #bytes: Buffer
  #limit: number

  constructor(bytes: Buffer, at = 0, limit = bytes.length) {
    this.#bytes = bytes
    this.end = at
    this.#limit = limit
  }

  /** Begins with another message, from `at` to `limit`. */
  open(bytes: Buffer, at: number, limit: number): void {
    this.#bytes = bytes
    this.end = at
    this.#limit = limit
  }

  /** Throws `DecodingError` for what is no section. */
  next(): boolean {
    const bytes = this.#bytes
    const limit = this.#limit
    const at = this.end
    if (at >= limit) return false
    if (bytes[at] === 0x00 && bytes[at + 1] === 0x53 && at + 2 < limit) {
      const code = bytes[at + 2] as number
      this.code = code >= SECTION.header && code <= SECTION.footer ? code : UNKNOWN_SECTION
      this.value = at + 3
    } else this.#readLongDescriptor(at)
    this.end = endOfValue(bytes, this.value, limit)
    return true
  }

  #readLongDescriptor(at: number): void {
    const bytes = this.#bytes
    if (bytes[at] !== 0x00) throw new DecodingError(`a message has a section without descriptor, at byte ${at}`)
    this.value = endOfValue(bytes, at + 1, this.#limit)
    const descriptor = decodeValue(bytes, at + 1, this.value)
    const code = typeof descriptor === 'number' ? descriptor : symbolic.get(descriptor)
    this.code = code !== undefined && code >= SECTION.header && code <= SECTION.footer ? code : UNKNOWN_SECTION
  }
}

/** A section that is a map; undefined when null. */
export function decodeMap(bytes: Buffer, at: number): AmqpMap | undefined {
  const value = decodeValue(bytes, at)
  if (value === null) return undefined
  const type = bytes[at]
  if (type !== 0xc1 && type !== 0xd1) throw new DecodingError(`a section is not a map, as it must be, at byte ${at}`)
  return value as AmqpMap
}

function decodeList(bytes: Buffer, at: number): readonly unknown[] {
  const value = decodeValue(bytes, at)
  const type = bytes[at]
  if (type === 0x45 || type === 0xc0 || type === 0xd0) return value as unknown[]
  throw new DecodingError(`a section is not a list, as it must be, at byte ${at}`)
}

/** Names of the properties and where the list has them. AMQP 1.0 part 3, 3.2.4. */
const propertyPlaces = [
  ['absoluteExpiryTime', 8],
  ['contentEncoding', 7],
  ['contentType', 6],
  ['correlationId', 5],
  ['creationTime', 9],
  ['groupId', 10],
  ['groupSequence', 11],
  ['messageId', 0],
  ['replyTo', 4],
  ['replyToGroupId', 12],
  ['subject', 3],
  ['to', 2],
  ['userId', 1],
] as const

/** Those properties that are there. Times are ms since the epoch. */
export function decodeProperties(bytes: Buffer, at: number): MessageProperties {
  const list = decodeList(bytes, at)
  const properties: Record<string, unknown> = {}
  for (const [name, place] of propertyPlaces) {
    const value = list[place]
    if (value !== undefined && value !== null) properties[name] = value instanceof Date ? value.getTime() : value
  }
  return properties
}

const bodyTypes = new Map<number, EventBody['type']>([
  [SECTION.data, 'data'],
  [SECTION.sequence, 'sequence'],
  [SECTION.value, 'value'],
])

/** The sections of a body. They are to be of one kind: of several, a value counts, and else the kind that comes first. */
export function decodeBody(bytes: Buffer): EventBody {
  const sections = new SectionReader(bytes)
  let type: EventBody['type'] = 'none'
  let contents: unknown[] = []
  while (sections.next()) {
    const kind = bodyTypes.get(sections.code)
    if (!kind || (type !== 'none' && kind !== type && kind !== 'value')) continue
    if (kind !== type || kind === 'value') contents = []
    type = kind
    contents.push(decodeValue(bytes, sections.value, sections.end))
  }
  return { type, contents }
}

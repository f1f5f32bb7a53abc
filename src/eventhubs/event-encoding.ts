import type { OutgoingEvent } from './transport.js'

/** The annotation of a record key, the one annotation that most events have. */
const KEY_ANNOTATION = 'x-opt-kafka-key'

/** Sections of an AMQP message (AMQP 1.0, part 3.2), as described types with a small ulong. */
const SECTION = { header: 0x70, annotations: 0x72, properties: 0x73, applicationProperties: 0x74, data: 0x75 }
/** Type codes (AMQP 1.0, part 1.6). */
const TYPE = {
  null: 0x40,
  emptyList: 0x45,
  timestamp: 0x83,
  binary: 0xa0,
  string: 0xa1,
  symbol: 0xa3,
  list: 0xd0,
  map: 0xd1,
}
/** Added to a type code: a length of four bytes in place of one. */
const LONG = 0x10
const SECTION_START = 3
/** Type code, size and count. */
const COMPOUND_START = 9
/** `creation-time` is the tenth of the message properties. */
const PROPERTIES_BEFORE_TIME = 9
const TIMESTAMP = 9

/**
 * Encodes an event as the SDK would, byte for byte and several times as fast: events of the usual shape, which has a
 * body, binary properties, a record key and a creation time at most. Undefined for any other.
 */
export function encodeEvent(event: OutgoingEvent): Buffer | undefined {
  const { body, messageAnnotations, applicationProperties, properties } = event
  if (!Buffer.isBuffer(body)) return undefined
  const key = keyOf(messageAnnotations)
  const time = timeOf(properties)
  if (key === unusual || time === unusual) return undefined
  let size = SECTION_START + 1 + SECTION_START + SECTION_START + variableSize(body.length)
  size += time === undefined ? 1 : COMPOUND_START + PROPERTIES_BEFORE_TIME + TIMESTAMP
  if (key) size += SECTION_START + COMPOUND_START + variableSize(KEY_ANNOTATION.length) + variableSize(key.length)
  let entriesSize = 0
  let entries = 0
  for (const name in applicationProperties) {
    const value: unknown = applicationProperties[name]
    if (!Buffer.isBuffer(value)) return undefined
    entriesSize += variableSize(Buffer.byteLength(name)) + variableSize(value.length)
    entries++
  }
  if (applicationProperties) size += SECTION_START + COMPOUND_START + entriesSize

  const writer = new Writer(size)
  writer.section(SECTION.header)
  writer.byte(TYPE.emptyList)
  if (key) {
    writer.section(SECTION.annotations)
    writer.compound(TYPE.map, 2, variableSize(KEY_ANNOTATION.length) + variableSize(key.length))
    writer.text(TYPE.symbol, KEY_ANNOTATION)
    writer.binary(key)
  }
  writer.section(SECTION.properties)
  if (time === undefined) writer.byte(TYPE.emptyList)
  else {
    writer.compound(TYPE.list, PROPERTIES_BEFORE_TIME + 1, PROPERTIES_BEFORE_TIME + TIMESTAMP)
    for (let index = 0; index < PROPERTIES_BEFORE_TIME; index++) writer.byte(TYPE.null)
    writer.timestamp(time)
  }
  if (applicationProperties) {
    writer.section(SECTION.applicationProperties)
    writer.compound(TYPE.map, entries * 2, entriesSize)
    for (const name in applicationProperties) {
      writer.text(TYPE.string, name)
      writer.binary(applicationProperties[name] as Buffer)
    }
  }
  writer.section(SECTION.data)
  writer.binary(body)
  return writer.bytes
}

const unusual = Symbol('unusual')

function keyOf(annotations: OutgoingEvent['messageAnnotations']): Buffer | undefined | typeof unusual {
  if (!annotations) return undefined
  let key: Buffer | undefined
  for (const name in annotations) {
    const value: unknown = annotations[name]
    if (name !== KEY_ANNOTATION || !Buffer.isBuffer(value)) return unusual
    key = value
  }
  return key ?? unusual
}

function timeOf(properties: OutgoingEvent['properties']): number | undefined | typeof unusual {
  if (!properties) return undefined
  for (const name in properties) if (name !== 'creationTime') return unusual
  return properties.creationTime ?? unusual
}

function variableSize(length: number): number {
  return (length > 255 ? 5 : 2) + length
}

class Writer {
  readonly bytes: Buffer
  #at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  byte(value: number): void {
    this.bytes[this.#at++] = value
  }

  section(code: number): void {
    this.byte(0x00)
    this.byte(0x53)
    this.byte(code)
  }

  compound(code: number, count: number, contentSize: number): void {
    this.byte(code)
    this.#at = this.bytes.writeUInt32BE(contentSize + 4, this.#at)
    this.#at = this.bytes.writeUInt32BE(count, this.#at)
  }

  text(code: number, value: string): void {
    this.#start(code, Buffer.byteLength(value))
    this.#at += this.bytes.write(value, this.#at)
  }

  binary(value: Buffer): void {
    this.#start(TYPE.binary, value.length)
    value.copy(this.bytes, this.#at)
    this.#at += value.length
  }

  timestamp(ms: number): void {
    this.byte(TYPE.timestamp)
    this.#at = this.bytes.writeBigInt64BE(BigInt(ms), this.#at)
  }

  #start(code: number, length: number): void {
    if (length > 255) {
      this.byte(code + LONG)
      this.#at = this.bytes.writeUInt32BE(length, this.#at)
    } else {
      this.byte(code)
      this.byte(length)
    }
  }
}

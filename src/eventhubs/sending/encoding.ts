import type { AnnotationValue, OutgoingEvent } from '../../translate/event.js'

/**
 * Events as the bytes of AMQP messages, the same as `@azure/event-hubs` makes of them: its encoder is general, and takes
 * several times as long.
 */

/** Sections of a message (AMQP 1.0, part 3.2). */
const SECTION = { header: 0x70, annotations: 0x72, properties: 0x73, applicationProperties: 0x74, data: 0x75 }
/** Type codes (AMQP 1.0, part 1.6). */
const TYPE = {
  described: 0x00,
  null: 0x40,
  true: 0x41,
  emptyList: 0x45,
  smallUlong: 0x53,
  timestamp: 0x83,
  binary: 0xa0,
  string: 0xa1,
  symbol: 0xa3,
  list: 0xd0,
  map: 0xd1,
}
/** Added to the code of a type with a length: four bytes of it in place of one. */
const LONG = 0x10
const SECTION_START = 3
/** Type code, size and count. */
const COMPOUND_START = 9
const TIMESTAMP = 9
/** Fields of the properties section. */
const CONTENT_ENCODING = 7
const CREATION_TIME = 9

/**
 * The mark of an event of an idempotent producer: epoch, a short, id, a long, and its sequence number, an int. At the
 * head of its annotations and of one length, so that the numbers can be written when they are known.
 */
const producerMark: Buffer = Buffer.concat([
  symbolOf('com.microsoft:producer-epoch'),
  Buffer.from([0x61, 0, 0]),
  symbolOf('com.microsoft:producer-id'),
  Buffer.from([0x81, 0, 0, 0, 0, 0, 0, 0, 0]),
  symbolOf('com.microsoft:producer-sequence-number'),
  Buffer.from([0x71, 0, 0, 0, 0]),
])
const MARK = {
  epoch: producerMark.indexOf(0x61, 2 + 'com.microsoft:producer-epoch'.length) + 1,
  id: producerMark.indexOf(0x81) + 1,
  sequenceNumber: producerMark.length - 4,
}

function symbolOf(text: string): Buffer {
  return Buffer.from([0xa3, text.length, ...Buffer.from(text)])
}

/** Bytes of an event, as one of several in a transfer; with room for a producer's mark when it is to be numbered. */
export function encodedSize(event: OutgoingEvent, isNumbered = false): number {
  const { body, messageAnnotations, applicationProperties, properties } = event
  let size = SECTION_START + 1 + propertiesSize(properties) + SECTION_START + variableSize(body.length)
  if (messageAnnotations) size += annotationsSize(messageAnnotations)
  else if (isNumbered) size += SECTION_START + COMPOUND_START
  if (isNumbered) size += producerMark.length
  if (applicationProperties) {
    size += SECTION_START + COMPOUND_START
    for (const name in applicationProperties) {
      size += textSize(name) + variableSize((applicationProperties[name] as Buffer).length)
    }
  }
  return dataSectionSize(size)
}

/** True where a transfer of at most `limit` bytes holds an event of this encoded size, alone if need be. */
export function fitsAlone(event: OutgoingEvent, size: number, limit: number): boolean {
  // What stands before it repeats a part of it: mostly there is no need to look.
  return 2 * size + envelopeBase <= limit || envelopeSize(event) + size <= limit
}

/** Position of the producer's mark in an event that is encoded from `start` on. */
export function producerMarkAt(size: number, start: number): number {
  const content = contentOfDataSection(size)
  return start + size - content + SECTION_START + 1 + SECTION_START + COMPOUND_START
}

/** Writes who published an event, and its number. */
export function writeProducerMark(
  buffer: Buffer,
  at: number,
  { id, epoch }: { readonly id: number | Buffer; readonly epoch: number },
  sequenceNumber: number,
): void {
  buffer.writeInt16BE(epoch, at + MARK.epoch)
  if (typeof id === 'number') {
    buffer.writeInt32BE(Math.floor(id / 2 ** 32), at + MARK.id)
    buffer.writeUInt32BE(id >>> 0, at + MARK.id + 4)
  } else id.copy(buffer, at + MARK.id)
  buffer.writeInt32BE(sequenceNumber, at + MARK.sequenceNumber)
}

/** Header and properties of what a transfer begins with, both empty. */
const envelopeBase = 2 * (SECTION_START + 1)

/** Bytes of what a transfer begins with: the annotations of its first event again. */
export function envelopeSize({ messageAnnotations }: OutgoingEvent): number {
  return messageAnnotations ? envelopeBase + annotationsSize(messageAnnotations) : envelopeBase
}

/** Writes an event to a buffer that has room for its {@link encodedSize}. Returns where it ends. */
export function encodeEvent(
  event: OutgoingEvent,
  size: number,
  buffer: Buffer,
  start: number,
  isNumbered = false,
): number {
  const { body, messageAnnotations, applicationProperties, properties } = event
  const content = contentOfDataSection(size)
  let at = writeLength(buffer, TYPE.binary, content, writeSection(buffer, SECTION.data, start))
  at = writeEmptySection(buffer, SECTION.header, at)
  if (messageAnnotations || isNumbered) at = writeAnnotations(buffer, messageAnnotations, at, isNumbered)
  at = writeProperties(buffer, properties, at)
  if (applicationProperties) {
    const map = writeSection(buffer, SECTION.applicationProperties, at)
    let count = 0
    at = map + COMPOUND_START
    for (const name in applicationProperties) {
      at = writeText(buffer, TYPE.string, name, at)
      at = writeBinary(buffer, applicationProperties[name] as Buffer, at)
      count += 2
    }
    writeCompound(buffer, TYPE.map, count, map, at)
  }
  return writeBinary(buffer, body, writeSection(buffer, SECTION.data, at))
}

/** Writes what a transfer begins with; see {@link envelopeSize}. */
export function encodeEnvelope({ messageAnnotations }: OutgoingEvent, buffer: Buffer, start: number): number {
  let at = writeEmptySection(buffer, SECTION.header, start)
  if (messageAnnotations) at = writeAnnotations(buffer, messageAnnotations, at)
  return writeEmptySection(buffer, SECTION.properties, at)
}

function variableSize(length: number): number {
  return (length > 255 ? 5 : 2) + length
}

function textSize(text: string): number {
  return variableSize(Buffer.byteLength(text))
}

function dataSectionSize(content: number): number {
  return SECTION_START + variableSize(content)
}

function contentOfDataSection(size: number): number {
  const short = size - SECTION_START - 2
  return short > 255 ? short - 3 : short
}

function annotationsSize(annotations: Readonly<Record<string, AnnotationValue>>): number {
  let size = SECTION_START + COMPOUND_START
  for (const name in annotations) size += textSize(name) + valueSize(annotations[name] as AnnotationValue)
  return size
}

function valueSize(value: AnnotationValue): number {
  if (value === true) return 1
  if (typeof value === 'string') return textSize(value)
  if (Buffer.isBuffer(value)) return variableSize(value.length)
  if (value.length === 0) return 1
  let size = COMPOUND_START
  for (const item of value) size += valueSize(item)
  return size
}

function propertiesSize(properties: OutgoingEvent['properties']): number {
  const encoding = properties?.contentEncoding
  if (properties?.creationTime !== undefined) {
    const before = CREATION_TIME + (encoding === undefined ? 0 : textSize(encoding) - 1)
    return SECTION_START + COMPOUND_START + before + TIMESTAMP
  }
  return encoding === undefined
    ? SECTION_START + 1
    : SECTION_START + COMPOUND_START + CONTENT_ENCODING + textSize(encoding)
}

function writeSection(buffer: Buffer, section: number, at: number): number {
  buffer[at] = TYPE.described
  buffer[at + 1] = TYPE.smallUlong
  buffer[at + 2] = section
  return at + SECTION_START
}

function writeEmptySection(buffer: Buffer, section: number, at: number): number {
  const end = writeSection(buffer, section, at)
  buffer[end] = TYPE.emptyList
  return end + 1
}

/** The start of a list or map whose content has been written behind it, up to `end`. */
function writeCompound(buffer: Buffer, type: number, count: number, at: number, end: number): void {
  buffer[at] = type
  buffer.writeUInt32BE(end - at - 5, at + 1)
  buffer.writeUInt32BE(count, at + 5)
}

function writeLength(buffer: Buffer, type: number, length: number, at: number): number {
  if (length > 255) {
    buffer[at] = type + LONG
    return buffer.writeUInt32BE(length, at + 1)
  }
  buffer[at] = type
  buffer[at + 1] = length
  return at + 2
}

function writeText(buffer: Buffer, type: number, text: string, at: number): number {
  const start = writeLength(buffer, type, Buffer.byteLength(text), at)
  return start + buffer.write(text, start)
}

function writeBinary(buffer: Buffer, bytes: Buffer, at: number): number {
  const start = writeLength(buffer, TYPE.binary, bytes.length, at)
  buffer.set(bytes, start)
  return start + bytes.length
}

function writeAnnotations(
  buffer: Buffer,
  annotations: Readonly<Record<string, AnnotationValue>> | undefined,
  start: number,
  isNumbered = false,
): number {
  const map = writeSection(buffer, SECTION.annotations, start)
  let at = map + COMPOUND_START
  let count = 0
  if (isNumbered) {
    buffer.set(producerMark, at)
    at += producerMark.length
    count = 6
  }
  for (const name in annotations) {
    at = writeText(buffer, TYPE.symbol, name, at)
    at = writeValue(buffer, annotations?.[name] as AnnotationValue, at)
    count += 2
  }
  writeCompound(buffer, TYPE.map, count, map, at)
  return at
}

function writeValue(buffer: Buffer, value: AnnotationValue, at: number): number {
  if (value === true) return writeByte(buffer, TYPE.true, at)
  if (typeof value === 'string') return writeText(buffer, TYPE.string, value, at)
  if (Buffer.isBuffer(value)) return writeBinary(buffer, value, at)
  if (value.length === 0) return writeByte(buffer, TYPE.emptyList, at)
  let end = at + COMPOUND_START
  for (const item of value) end = writeValue(buffer, item, end)
  writeCompound(buffer, TYPE.list, value.length, at, end)
  return end
}

function writeProperties(buffer: Buffer, properties: OutgoingEvent['properties'], start: number): number {
  const { contentEncoding, creationTime } = properties ?? {}
  if (contentEncoding === undefined && creationTime === undefined) {
    return writeEmptySection(buffer, SECTION.properties, start)
  }
  const list = writeSection(buffer, SECTION.properties, start)
  let at = list + COMPOUND_START
  const last = creationTime === undefined ? CONTENT_ENCODING : CREATION_TIME
  for (let field = 0; field <= last; field++) {
    if (field === CONTENT_ENCODING && contentEncoding !== undefined) {
      at = writeText(buffer, TYPE.symbol, contentEncoding, at)
    } else if (field === CREATION_TIME && creationTime !== undefined) {
      at = buffer.writeBigInt64BE(BigInt(creationTime), writeByte(buffer, TYPE.timestamp, at))
    } else at = writeByte(buffer, TYPE.null, at)
  }
  writeCompound(buffer, TYPE.list, last + 1, list, at)
  return at
}

function writeByte(buffer: Buffer, byte: number, at: number): number {
  buffer[at] = byte
  return at + 1
}

import type { IHeaders } from '../types/message.js'
import { notBinaryError, toBinary, toBytes } from './bytes.js'
import type { MessageProperties, ReceivedEvent } from './event.js'

/** All headers as a flat AMQP list of name, value, name, value: written when a map can't hold them. */
export const HEADERS_ANNOTATION = 'x-opt-kafka-headers'

/** A map has one value per name, and other AMQP decoders in JavaScript do not deliver this one. */
const UNSAFE_NAME = '__proto__'

/** Names that the Kafka endpoint gives the properties of AMQP senders. The creation time is the message's timestamp. */
const PROPERTY_HEADERS: Readonly<Record<string, string>> = {
  messageId: 'message-id',
  to: 'to',
  subject: 'subject',
  replyTo: 'reply-to',
  correlationId: 'correlation-id',
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  absoluteExpiryTime: 'absolute-expiry-time',
  groupId: 'group-id',
  groupSequence: 'group-sequence',
  replyToGroupId: 'reply-to-group-id',
}

export interface OutgoingHeaders {
  /** Each header's last value: what other readers see. */
  readonly applicationProperties: Record<string, Buffer>
  /** Undefined when the map above says it all. */
  readonly annotation: (string | Buffer)[] | undefined
}

/**
 * Writes headers as binary application properties, as the Kafka endpoint does; those that are undefined are left out, as
 * optional ones of TypeScript are. A value of any other type than string, Buffer or an array of them throws a TypeError
 * that names the header and the topic. Undefined when there are none.
 */
export function toProperties(headers: IHeaders, topic: string): OutgoingHeaders | undefined {
  let applicationProperties: Record<string, Buffer> | undefined
  let needsAnnotation = false
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    let last: Buffer | undefined
    if (Array.isArray(value)) {
      let count = 0
      for (const item of value) {
        if (item === undefined) continue
        last = toHeaderValue(item, name, topic)
        count++
      }
      needsAnnotation ||= count > 1
    } else if (value !== undefined) last = toHeaderValue(value, name, topic)
    if (last === undefined) continue
    applicationProperties ??= {}
    if (name === UNSAFE_NAME) needsAnnotation = true
    else applicationProperties[name] = last
  }
  if (!applicationProperties) return undefined
  return { applicationProperties, annotation: needsAnnotation ? toList(headers, topic) : undefined }
}

function toHeaderValue(value: unknown, name: string, topic: string): Buffer {
  const bytes = toBinary(value)
  if (!bytes) throw notBinaryError(`header "${name}" of a message for topic "${topic}"`, value)
  return bytes
}

function toList(headers: IHeaders, topic: string): (string | Buffer)[] {
  const list: (string | Buffer)[] = []
  for (const [name, value] of Object.entries(headers)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) list.push(name, toHeaderValue(item, name, topic))
    }
  }
  return list
}

/**
 * Reads headers: a Buffer each, an array of Buffers where one was repeated. Other senders' AMQP types come as their text,
 * their message properties (`message-id`, `content-type`, …) and the annotations of IoT Hub under their own names.
 */
export function fromProperties(
  { applicationProperties, annotations }: Pick<ReceivedEvent, 'applicationProperties' | 'annotations'>,
  properties: MessageProperties | undefined,
): IHeaders {
  const headers: IHeaders = {}
  if (annotations?.[HEADERS_ANNOTATION]) fromList(headers, annotations[HEADERS_ANNOTATION])
  for (const name in applicationProperties) {
    if (!Object.hasOwn(headers, name)) set(headers, name, applicationProperties[name])
  }
  for (const property in properties) {
    const name = PROPERTY_HEADERS[property]
    if (name !== undefined && !Object.hasOwn(headers, name)) {
      set(headers, name, properties[property as keyof typeof properties])
    }
  }
  for (const name in annotations) {
    if (isForeignAnnotation(name) && !Object.hasOwn(headers, name)) set(headers, name, annotations[name])
  }
  return headers
}

/** The service's annotations are `x-opt-…`, those of idempotent publishing `com.microsoft:…`. */
function isForeignAnnotation(name: string): boolean {
  return !name.startsWith('x-opt-') && !name.startsWith('com.microsoft:')
}

function fromList(headers: IHeaders, list: unknown): void {
  if (!Array.isArray(list)) return
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = String(list[index])
    const value = toBytes(list[index + 1]) as Buffer
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (before === undefined) set(headers, name, value)
    else if (Array.isArray(before)) before.push(value)
    else set(headers, name, [before, value])
  }
}

function set(headers: IHeaders, name: string, value: unknown): void {
  const bytes = Array.isArray(value) && value.every(Buffer.isBuffer) ? value : (toBytes(value) as Buffer)
  if (name !== UNSAFE_NAME) headers[name] = bytes
  else Object.defineProperty(headers, name, { value: bytes, enumerable: true, configurable: true, writable: true })
}

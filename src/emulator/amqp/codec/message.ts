import { describe, encodeList, encodeMap, encodeString, NULL } from './encode.js'
import { Fields } from './performative.js'
import { SECTION, SectionReader } from './sections.js'
import { DecodeError, decodeValue } from './values.js'

/** A request to `$cbs` or `$management`. */
export interface RequestMessage {
  /** Encoded: the answer repeats it, type and all. */
  readonly messageId: Buffer | undefined
  readonly replyTo: string | undefined
  readonly properties: ReadonlyMap<unknown, unknown>
  /** Of an `amqp-value` body; undefined for any other. */
  readonly body: unknown
}

/** Throws {@link DecodeError}. */
export function readRequest(payload: Buffer): RequestMessage {
  let messageId: Buffer | undefined
  let replyTo: string | undefined
  let properties: ReadonlyMap<unknown, unknown> = new Map()
  let body: unknown
  if (payload.length === 0) throw new DecodeError('a message without sections')
  const sections = new SectionReader(payload)
  while (sections.next()) {
    const { code, value, end } = sections
    if (code === SECTION.properties) {
      const fields = new Fields(payload, value, end)
      messageId = fields.raw(0)
      replyTo = fields.text(4)
    } else if (code === SECTION.applicationProperties) {
      const map = decodeValue(payload, value, end)
      if (map instanceof Map) properties = map
    } else if (code === SECTION.value) body = decodeValue(payload, value, end)
  }
  return { messageId, replyTo, properties, body }
}

/** An answer; its values are given encoded. */
export interface ReplyMessage {
  readonly correlationId: Buffer | undefined
  readonly properties: Readonly<Record<string, Buffer>>
  readonly body?: Buffer
}

export function encodeReply({ correlationId, properties, body = NULL }: ReplyMessage): Buffer {
  return Buffer.concat([
    describe(SECTION.properties, encodeList([NULL, NULL, NULL, NULL, NULL, correlationId ?? NULL])),
    describe(SECTION.applicationProperties, encodeTextMap(properties)),
    describe(SECTION.value, body),
  ])
}

/** A map with strings as keys. */
export function encodeTextMap(values: Readonly<Record<string, Buffer>>): Buffer {
  return encodeMap(Object.entries(values).map(([key, value]) => [encodeString(key), value]))
}

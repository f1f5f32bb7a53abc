import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import fc from 'fast-check'
import rhea from 'rhea'
import { expect, it } from 'vitest'
import { toBytes, toJsonText } from '../../../src/translate/bytes.js'
import { fromEvent } from '../../../src/translate/message.js'
import { encode, receive } from './wire.js'

/** The types of AMQP that other senders use, as rhea writes them. */
const scalar = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noInteger: true, noDefaultInfinity: true }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: true }),
  fc.integer({ min: 0, max: 2 ** 31 }).map((value) => rhea.types.wrap_ulong(value)),
  fc.integer().map((value) => rhea.types.wrap_long(value)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => rhea.types.wrap_uuid(Buffer.from(bytes) as never)),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((value) => rhea.types.wrap_symbol(value)),
)
const name = fc.string({ maxLength: 20 }).filter((value) => value !== '__proto__' && value !== '')
const map = fc.dictionary(name, scalar, { maxKeys: 5, noNullPrototype: true })
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
const body = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map((bytes) => rhea.message.data_section(Buffer.from(bytes) as never)),
  fc
    .array(fc.uint8Array({ maxLength: 9 }), { minLength: 2, maxLength: 4 })
    .map((list) => rhea.message.data_sections(list.map((bytes) => Buffer.from(bytes)) as never)),
  fc.array(tree, { maxLength: 4 }).map((list) => rhea.message.sequence_section(list as never)),
  tree,
)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const message = fc.record(
  {
    body,
    application_properties: map,
    message_annotations: fc.dictionary(
      name.map((value) => `iothub-${value}`),
      scalar,
      { maxKeys: 3, noNullPrototype: true },
    ),
    message_id: maybe(fc.string()),
    correlation_id: maybe(fc.string()),
    content_type: maybe(fc.string({ unit: 'grapheme-ascii' })),
    subject: maybe(fc.string()),
    creation_time: maybe(fc.date({ noInvalidDate: true })),
    group_sequence: maybe(fc.nat()),
  },
  { requiredKeys: ['body'] },
)

/** What rhea and the SDK's reading of a message come to. */
function reference(bytes: Buffer) {
  const decoded = rhea.message.decode(bytes as never) as {
    body?: { typecode?: number; content?: unknown; multiple?: boolean }
  }
  const {
    properties = {},
    applicationProperties = {},
    messageAnnotations = {},
  } = AmqpAnnotatedMessage.fromRheaMessage(decoded as never)
  const own = {
    messageId: 'message-id',
    correlationId: 'correlation-id',
    contentType: 'content-type',
    subject: 'subject',
    groupSequence: 'group-sequence',
  }
  const headers: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(applicationProperties)) headers[key] = toBytes(value)
  for (const [key, header] of Object.entries(own)) {
    const value = properties[key as keyof typeof own]
    if (value !== undefined) headers[header] ??= toBytes(value)
  }
  for (const [key, value] of Object.entries(messageAnnotations))
    if (key.startsWith('iothub-')) headers[key] ??= toBytes(value)
  const { body } = decoded
  const content = body && typeof body === 'object' && 'typecode' in body ? body.content : body
  const isData = body?.typecode === 0x75
  const value = isData
    ? Buffer.concat([content].flat() as Buffer[])
    : Buffer.isBuffer(content)
      ? content
      : content === null || content === undefined
        ? null
        : Buffer.from(toJsonText(content))
  return { headers, value, timestamp: String(properties.creationTime ?? 77) }
}

it('gives the message that rhea and the SDK would give, whatever the sender wrote', () => {
  fc.assert(
    fc.property(message, (sent) => {
      const stored = { sequenceNumber: 9, enqueuedTime: 77 }
      const { headers, value, timestamp } = fromEvent(receive(sent, stored))
      expect({ headers, value, timestamp }).toEqual(reference(encode(sent, stored)))
    }),
    { seed: 5, numRuns: 800 },
  )
})

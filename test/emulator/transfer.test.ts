import fc from 'fast-check'
import rhea from 'rhea'
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../src/emulator/amqp/codec/decoded-message.js'
import { BATCH_FORMAT, readTransfer } from '../../src/emulator/amqp/codec/transfer.js'
import { DecodeError } from '../../src/emulator/amqp/codec/values.js'
import { bytesOf } from '../../src/emulator/model/event.js'
import { PartitionLog } from '../../src/emulator/model/partition-log.js'

// biome-ignore lint/suspicious/noExplicitAny: rhea's types leave out most of what it does
const { message, types } = rhea as any

function store(payload: Buffer, format: number, publisher?: string) {
  const log = new PartitionLog({ ageMs: 1e9, bytes: 1e9, count: 1e9 })
  const events = readTransfer(payload, format, { publisher })
  log.append(events, 1_700_000_000_123)
  return { events, stored: [...log.from(0)].map(bytesOf) }
}

const batchOf = (messages: Buffer[], annotations: Record<string, unknown> = {}): Buffer =>
  message.encode({ message_annotations: annotations, body: message.data_sections(messages) })

describe('a message of every section', () => {
  const full = {
    durable: true,
    priority: 7,
    delivery_annotations: { hop: 'gone' },
    message_annotations: { 'x-own': 'kept', 'x-opt-sequence-number': 99, 'x-opt-partition-key': 'k' },
    message_id: 'id',
    content_type: 'text/plain',
    creation_time: new Date(1000),
    application_properties: { text: 'é', bytes: Buffer.from([0, 255]), yes: true, big: types.wrap_long(5) },
    footer: { end: 1 },
    body: message.data_section(Buffer.from('body')),
  }

  test('keeps all that is the sender’s and gets the annotations of the service', () => {
    const { stored, events } = store(message.encode(full), 0)
    expect(events[0]?.partitionKey).toBe('k')
    const decoded = decodeMessage(stored[0] as Buffer) as Record<string, unknown>
    expect(decoded).toMatchObject({
      durable: true,
      priority: 7,
      message_id: 'id',
      content_type: 'text/plain',
      creation_time: new Date(1000),
      application_properties: { text: 'é', bytes: Buffer.from([0, 255]), yes: true, big: 5 },
      footer: { end: 1 },
      message_annotations: {
        'x-own': 'kept',
        'x-opt-partition-key': 'k',
        'x-opt-sequence-number': 0,
        'x-opt-offset': '0',
        'x-opt-enqueued-time': new Date(1_700_000_000_123),
      },
    })
    expect(decoded).not.toHaveProperty('delivery_annotations')
  })

  test('in a batch keeps the bytes of its body and properties', () => {
    const { stored } = store(batchOf([message.encode(full), message.encode({ body: 'value' })]), BATCH_FORMAT)
    expect(stored).toHaveLength(2)
    expect(decodeMessage(stored[0] as Buffer)).toMatchObject({ application_properties: { text: 'é' } })
    expect(decodeMessage(stored[1] as Buffer)['body']).toBe('value')
  })
})

test('a partition key on the envelope alone is every event’s', () => {
  const inner = [message.encode({ body: 'a' }), message.encode({ body: 'b' })]
  const { events, stored } = store(batchOf(inner, { 'x-opt-partition-key': 'key' }), BATCH_FORMAT)
  expect(events.map((event) => event.partitionKey)).toEqual(['key', 'key'])
  expect(decodeMessage(stored[1] as Buffer)).toMatchObject({ message_annotations: { 'x-opt-partition-key': 'key' } })
})

test('a publisher is told to readers and can not be made up', () => {
  const payload = message.encode({ message_annotations: { 'x-opt-publisher': 'forged' }, body: 'a' })
  const annotationsOf = (publisher?: string) =>
    decodeMessage(store(payload, 0, publisher).stored[0] as Buffer) as Record<string, unknown>
  expect(annotationsOf('device')).toMatchObject({ message_annotations: { 'x-opt-publisher': 'device' } })
  expect(annotationsOf()['message_annotations']).not.toHaveProperty('x-opt-publisher')
})

test('long and symbolic descriptors are understood', () => {
  const symbolic = Buffer.from('amqp:data:binary')
  const first = Buffer.concat([Buffer.from([0x00, 0xa3, symbolic.length]), symbolic, Buffer.from([0xa0, 1, 65])])
  const second = Buffer.from([0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x75, 0xb0, 0, 0, 0, 1, 66])
  for (const payload of [first, second]) expect(() => readTransfer(payload, 0)).not.toThrow()
})

describe('what is no message is refused, and nothing else happens', () => {
  const refusal = (payload: Buffer, format = 0) => {
    try {
      readTransfer(payload, format)
      return undefined
    } catch (error) {
      return error
    }
  }

  test.each([
    ['no section', [0x40]],
    ['an unknown section', [0x00, 0x53, 0x60, 0x40]],
    ['a length beyond the end', [0x00, 0x53, 0x75, 0xa0, 200, 1]],
    ['sections out of order', [0x00, 0x53, 0x77, 0x40, 0x00, 0x53, 0x70, 0x45]],
    ['endless descriptors', Array.from({ length: 64 }, () => 0x00)],
  ])('%s', (_, bytes) => {
    expect(refusal(Buffer.from(bytes))).toBeInstanceOf(DecodeError)
  })

  test('a batch without events', () => {
    expect(refusal(message.encode({ body: 'x' }), BATCH_FORMAT)).toBeInstanceOf(DecodeError)
  })

  test('any bytes: stored or refused with a known error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, batch) => {
        const error = refusal(Buffer.from(bytes), batch ? BATCH_FORMAT : 0)
        expect(error === undefined || error instanceof DecodeError || error instanceof RangeError).toBe(true)
      }),
    )
  })

  test('a valid message with any byte changed: the same', () => {
    const valid: Buffer = message.encode({ message_annotations: { a: 'b', c: 1 }, application_properties: { d: 'e' } })
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const broken = Buffer.from(valid)
        broken[at] = byte
        const error = refusal(broken)
        expect(error === undefined || error instanceof DecodeError || error instanceof RangeError).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

test('any properties and bodies come out as they went in', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.boolean(), fc.integer())),
      fc.uint8Array(),
      (properties, body) => {
        const payload = message.encode({
          application_properties: properties,
          body: message.data_section(Buffer.from(body)),
        })
        const { stored } = store(batchOf([payload]), BATCH_FORMAT)
        const decoded = decodeMessage(stored[0] as Buffer) as { application_properties?: object; body: unknown }
        expect({ ...decoded.application_properties }).toEqual({
          ...(decodeMessage(payload) as { application_properties?: object }).application_properties,
        })
        expect(Buffer.from((decoded.body as { content: Buffer }).content)).toEqual(Buffer.from(body))
      },
    ),
  )
})

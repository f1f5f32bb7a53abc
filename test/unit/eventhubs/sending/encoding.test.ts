import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import fc from 'fast-check'
import rhea from 'rhea'
import { describe, expect, it } from 'vitest'
import { encodedSize, encodeEvent, envelopeSize } from '../../../../src/eventhubs/sending/encoding.js'
import { Transfer } from '../../../../src/eventhubs/sending/transfer.js'
import type { OutgoingEvent } from '../../../../src/translate/event.js'
import { toEvent } from '../../../../src/translate/message.js'

/** What the SDK adds when it publishes idempotently, as large as it gets. */
const publishing = {
  'com.microsoft:producer-epoch': rhea.types.wrap_short(1),
  'com.microsoft:producer-id': rhea.types.wrap_long(2 ** 40),
  'com.microsoft:producer-sequence-number': rhea.types.wrap_int(2 ** 30),
}

const asBytes = (message: object) => rhea.message.encode(message as never) as unknown as Buffer

/** An event as the SDK encodes it. */
function encodedBySdk(event: OutgoingEvent, annotations?: object): Buffer {
  const message = AmqpAnnotatedMessage.toRheaMessage(event)
  const all = annotations ? { message_annotations: { ...message.message_annotations, ...annotations } } : {}
  return asBytes({ ...message, ...all, body: rhea.message.data_section(event.body as never) })
}

/** A batch as the SDK encodes it. */
function transferOfSdk(events: readonly OutgoingEvent[], annotations?: object): Buffer {
  const sections = events.map((event) => encodedBySdk(event, annotations))
  const message = { body: rhea.message.data_sections(sections as never) }
  const first = events[0]?.messageAnnotations
  return asBytes(first ? { ...message, message_annotations: first } : message)
}

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))
const name = fc.string({ unit: 'grapheme', maxLength: 100 })
const message = fc.record(
  {
    key: bytes,
    value: fc.option(bytes),
    headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 5 })), {
      maxKeys: 8,
      noNullPrototype: true,
    }),
    timestamp: fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }).map(String),
  },
  { requiredKeys: ['value'] },
)
const event = fc.tuple(message, fc.option(fc.constantFrom('gzip', 'x'.repeat(300)))).map(([given, contentEncoding]) => {
  const made = toEvent(given, 'orders')
  if (contentEncoding) made.properties = { ...made.properties, contentEncoding }
  return made
})
const events = fc.array(event, { minLength: 1, maxLength: 5 })

function gathered(from: readonly OutgoingEvent[], limit = 1_000_000): Transfer {
  const transfer = new Transfer(limit)
  for (const one of from) expect(transfer.tryAdd(one, encodedSize(one))).toBe(true)
  return transfer
}

describe('an event', () => {
  it('is encoded as the SDK does, byte for byte, in as many bytes as were foreseen', () => {
    fc.assert(
      fc.property(event, (one) => {
        const size = encodedSize(one)
        const buffer = Buffer.alloc(size + 1)
        expect(encodeEvent(one, size, buffer, 0)).toBe(size)
        const section = asBytes({ body: rhea.message.data_sections([encodedBySdk(one)] as never) })
        expect(
          section.subarray(envelopeSize({ body: one.body, bodyType: 'data' })).equals(buffer.subarray(0, size)),
        ).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it.each([0, 254, 255, 256, 65_535, 65_536])('of %i bytes has the length written as the SDK writes it', (length) => {
    const one: OutgoingEvent = {
      body: Buffer.alloc(length, 1),
      bodyType: 'data',
      messageAnnotations: { 'x-opt-kafka-key': Buffer.alloc(length), list: [], empty: '' },
      applicationProperties: { ['n'.repeat(length)]: Buffer.alloc(length) },
    }
    expect(gathered([one]).bytes.equals(transferOfSdk([one]))).toBe(true)
  })
})

describe('a transfer', () => {
  it('is encoded as the SDK does, byte for byte', () => {
    fc.assert(
      fc.property(events, (several) => {
        expect(gathered(several).bytes.equals(transferOfSdk(several))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('takes what fits to the byte, and stays as it is when the next does not', () => {
    fc.assert(
      fc.property(events, event, (several, next) => {
        const { length } = transferOfSdk(several)
        const last = several.at(-1) as OutgoingEvent
        const transfer = gathered(several, length)
        expect(transfer.tryAdd(next, encodedSize(next))).toBe(false)
        expect(transfer.count).toBe(several.length)
        expect(transfer.bytes.equals(transferOfSdk(several))).toBe(true)
        expect(gathered(several.slice(0, -1), length).tryAdd(last, encodedSize(last))).toBe(true)
        const tooSmall = gathered(several.slice(0, -1), length - 1)
        expect(tooSmall.tryAdd(last, encodedSize(last))).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('of events that the SDK publishes idempotently is as large as foreseen', () => {
    fc.assert(
      fc.property(events, (several) => {
        const foreseen = several.reduce(
          (size, one) => size + encodedSize(one, true),
          envelopeSize(several[0] as OutgoingEvent),
        )
        const { length } = transferOfSdk(several, publishing)
        expect(foreseen).toBe(length)
      }),
      { numRuns: 300 },
    )
  })
})

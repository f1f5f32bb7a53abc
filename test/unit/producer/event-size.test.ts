import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import fc from 'fast-check'
import rhea from 'rhea'
import { expect, it } from 'vitest'
import type { OutgoingEvent } from '../../../src/eventhubs/transport.js'
import { sizeBounds } from '../../../src/producer/event-size.js'
import { toEvent } from '../../../src/translate/message.js'

/** As large as the SDK makes them when it publishes idempotently. */
const publishing = {
  'com.microsoft:producer-epoch': rhea.types.wrap_short(1),
  'com.microsoft:producer-id': rhea.types.wrap_long(2 ** 40),
  'com.microsoft:producer-sequence-number': rhea.types.wrap_int(2 ** 30),
}

function encode(event: OutgoingEvent, annotations: object): Buffer {
  const message = AmqpAnnotatedMessage.toRheaMessage(event)
  return rhea.message.encode({
    ...message,
    message_annotations: { ...message.message_annotations, ...annotations },
    body: rhea.message.data_section(event.body as never),
  } as never) as unknown as Buffer
}

function transferSize(events: OutgoingEvent[]): number {
  const envelope = {
    body: rhea.message.data_sections(events.map((event) => encode(event, publishing)) as never),
    message_annotations: events[0]?.messageAnnotations,
  }
  return (rhea.message.encode(envelope as never) as unknown as Buffer).length
}

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))
const name = fc.string({ unit: 'grapheme', maxLength: 40 })
const event = fc
  .record(
    {
      key: bytes,
      value: fc.option(bytes),
      headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 5 })), {
        maxKeys: 8,
        noNullPrototype: true,
      }),
      timestamp: fc.constant('1700000000000'),
    },
    { requiredKeys: ['value'] },
  )
  .map(toEvent)

it('bounds the encoded size of an event, alone and among others', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
      const [first, ...others] = events as [OutgoingEvent, ...OutgoingEvent[]]
      const bounds = sizeBounds(first)
      const alone = transferSize([first])
      expect(bounds.least).toBeLessThanOrEqual(alone)
      expect(bounds.alone).toBeGreaterThanOrEqual(alone)
      const sum = others.reduce((size, other) => size + sizeBounds(other).inBatch, bounds.alone)
      expect(sum).toBeGreaterThanOrEqual(transferSize(events))
    }),
    { numRuns: 300 },
  )
})

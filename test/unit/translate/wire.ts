import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import rhea from 'rhea'
import type { OutgoingEvent, ReceivedEvent } from '../../../src/translate/event.js'

/** What the service adds to an event. */
export interface Stored {
  sequenceNumber?: number
  enqueuedTimeUtc?: Date
  partitionKey?: string | null
}

/** A rhea message as bytes and back as the SDK hands it on: the codec of the real thing, without the connection. */
export function receive(message: object, stored: Stored = {}): ReceivedEvent {
  const decoded = rhea.message.decode(rhea.message.encode(message as never) as never)
  const raw = AmqpAnnotatedMessage.fromRheaMessage(decoded as never)
  const typecode = (decoded as { body?: { typecode?: number } }).body?.typecode
  raw.bodyType = typecode === 0x75 || Buffer.isBuffer(raw.body) ? 'data' : typecode === 0x76 ? 'sequence' : 'value'
  return {
    sequenceNumber: stored.sequenceNumber ?? 0,
    offset: '0',
    enqueuedTimeUtc: stored.enqueuedTimeUtc ?? new Date(0),
    partitionKey: stored.partitionKey ?? null,
    getRawAmqpMessage: () => raw,
  }
}

/** An outgoing event over the wire. */
export function overTheWire(event: OutgoingEvent, stored?: Stored): ReceivedEvent {
  const message = { ...AmqpAnnotatedMessage.toRheaMessage(event), body: rhea.message.data_section(event.body as never) }
  return receive(message, stored)
}

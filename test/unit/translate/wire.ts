import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import rhea from 'rhea'
import { parseEvent } from '../../../src/eventhubs/reading/received-event.js'
import type { OutgoingEvent, ReceivedEvent } from '../../../src/translate/event.js'

/** What the service adds to an event. */
export interface Stored {
  sequenceNumber?: number
  enqueuedTime?: number
  partitionKey?: string | null
}

/** A rhea message as bytes, with what the service annotates. */
export function encode(message: object, stored: Stored = {}): Buffer {
  const { sequenceNumber = 0, enqueuedTime = 0, partitionKey } = stored
  const { message_annotations: annotations, ...rest } = message as { message_annotations?: object }
  const all = {
    ...annotations,
    'x-opt-sequence-number': rhea.types.wrap_long(sequenceNumber),
    'x-opt-offset': String(sequenceNumber * 100),
    'x-opt-enqueued-time': rhea.types.wrap_timestamp(enqueuedTime),
    ...(partitionKey !== undefined && { 'x-opt-partition-key': partitionKey }),
  }
  return rhea.message.encode({ ...rest, message_annotations: all } as never) as never
}

/** A rhea message as bytes and back as readers hand it on: the codec of the real thing, without the connection. */
export function receive(message: object, stored: Stored = {}): ReceivedEvent {
  return parseEvent(encode(message, stored))
}

/** An outgoing event over the wire. */
export function overTheWire(event: OutgoingEvent, stored?: Stored): ReceivedEvent {
  const message = { ...AmqpAnnotatedMessage.toRheaMessage(event), body: rhea.message.data_section(event.body as never) }
  return receive(message, stored)
}

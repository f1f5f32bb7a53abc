import type { AmqpAnnotatedMessage } from '@azure/core-amqp'

/** What a message annotation that goes out may hold. */
export type AnnotationValue = true | string | Buffer | readonly (string | Buffer)[]

/** An event as it goes out: the part of an AMQP message that `translate/message.ts` writes. */
export interface OutgoingEvent {
  body: Buffer
  readonly bodyType: 'data'
  messageAnnotations?: Record<string, AnnotationValue>
  applicationProperties?: Record<string, Buffer>
  properties?: {
    contentEncoding?: string
    /** Ms since the epoch. */
    creationTime?: number
  }
}

/** An AMQP message of any sender. */
export type RawMessage = AmqpAnnotatedMessage

/** An event as it comes in: the part of the SDK's `ReceivedEventData` that `translate/message.ts` reads. */
export interface ReceivedEvent {
  readonly sequenceNumber: number
  /** The service's own offset, an opaque string; commits store it beside the sequence number. */
  readonly offset: string
  readonly enqueuedTimeUtc: Date
  readonly partitionKey: string | null
  getRawAmqpMessage(): RawMessage
}

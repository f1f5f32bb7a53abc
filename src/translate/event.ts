/** A value that a message annotation that goes out may hold. */
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

/** The properties section of a message. Times are ms since the epoch. */
export interface MessageProperties {
  readonly messageId?: unknown
  readonly userId?: Buffer
  readonly to?: string
  readonly subject?: string
  readonly replyTo?: string
  readonly correlationId?: unknown
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly absoluteExpiryTime?: number
  readonly creationTime?: number
  readonly groupId?: string
  readonly groupSequence?: number
  readonly replyToGroupId?: string
}

/** The body of a message: what each of its sections holds. */
export interface EventBody {
  readonly type: 'data' | 'sequence' | 'value' | 'none'
  readonly contents: readonly unknown[]
}

/**
 * An event of any sender, as it comes in. What is not a plain number is decoded when it is asked for; of bytes that make no
 * sense, asking throws `DecodingError`.
 */
export interface ReceivedEvent {
  /** Of an event whose own was not readable: the one behind the event before it. */
  readonly sequenceNumber: number
  /** The service's own offset, an opaque string; commits store it beside the sequence number. */
  readonly offset: string
  /** The same where it is a whole number, written as JavaScript writes it, which most are; NaN otherwise. */
  readonly wholeOffset: number
  /** The time the service has stored it, ms since the epoch. */
  readonly enqueuedTime: number
  readonly partitionKey: string | null
  /** Message annotations besides those above. */
  readonly annotations: Readonly<Record<string, unknown>> | undefined
  readonly applicationProperties: Readonly<Record<string, unknown>> | undefined
  readonly properties: MessageProperties | undefined
  /** A body of one section of bytes, which is what most have. */
  readonly data: Buffer | undefined
  readonly body: EventBody
  /** The message as it came. */
  readonly raw: Buffer
  /** The reason the event could not be read, and is not to be asked for more than its number and `raw`. */
  readonly problem: Error | undefined
  /** The newest event of the partition when this one was sent. */
  readonly lastEnqueuedSequenceNumber: number | undefined
}

/** The part of an event that is known only when it is stored. */
export interface Stamp {
  readonly sequenceNumber: number
  readonly offset: number
  readonly enqueuedTime: number
}

/** Numbers that an idempotent producer of Event Hubs' own protocol puts on each event. */
export interface ProducerMark {
  readonly producerId: number
  readonly epoch: number
  readonly sequenceNumber: number
}

/**
 * The protocol an event came by. The form it is stored in is the same for all and loses nothing; what readers of another
 * protocol see of it depends on where it came from.
 */
export type Origin = 'amqp' | 'kafka'

/**
 * An event on its way into the log. The log asks for its size and has it written into one buffer per batch, as an encoded
 * AMQP message with the service's annotations: the form in which all heads find it.
 */
export interface IncomingEvent {
  readonly partitionKey: string | undefined
  /** Of an idempotent producer over AMQP; heads with an idempotence of their own leave it out. */
  readonly producer: ProducerMark | undefined
  readonly origin: Origin
  /** Bytes it takes when it is stored at that offset. */
  sizeAt(offset: number): number
  /** Writes the event as readers get it. */
  write(batch: Buffer, position: number, stamp: Stamp): void
}

/** A stored event: the whole message, encoded once for every reader. */
export interface StoredEvent {
  readonly sequenceNumber: number
  /** The service's offset is a string that looks like a byte position; so is this one. */
  readonly offset: number
  /** Milliseconds since the epoch; never before that of an earlier event. */
  readonly enqueuedTime: number
  /** Holds all events of a batch; this one from `start` to `end`. */
  readonly batch: Buffer
  readonly start: number
  readonly end: number
  readonly origin: Origin
}

/** The bytes of a stored event. */
export function bytesOf({ batch, start, end }: StoredEvent): Buffer {
  return batch.subarray(start, end)
}

/** The outcome of a batch: its events have contiguous sequence numbers and one time. */
export interface Appended {
  readonly firstSequenceNumber: number
  readonly lastSequenceNumber: number
  readonly enqueuedTime: number
}

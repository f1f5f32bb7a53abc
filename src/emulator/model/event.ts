/** What is known of an event only when it is stored. */
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
 * What a head keeps of an event in the form it came in, beside the form that all heads read. A head that finds its own
 * name here gives back what it was given, byte by byte.
 */
export interface OriginalForm {
  /** Of the head the event came by. */
  readonly head: 'kafka'
  readonly bytes: Buffer
}

/**
 * An event on its way into the log. The log asks for its size and has it written into one buffer per batch, as an encoded
 * AMQP message with the service's annotations: the form in which all heads find it.
 */
export interface IncomingEvent {
  readonly partitionKey: string | undefined
  /** Of an idempotent producer over AMQP; heads with an idempotence of their own leave it out. */
  readonly producer: ProducerMark | undefined
  readonly original?: OriginalForm | undefined
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
  /** Undefined when it came over AMQP. */
  readonly original: OriginalForm | undefined
}

/** The bytes of a stored event. */
export function bytesOf({ batch, start, end }: StoredEvent): Buffer {
  return batch.subarray(start, end)
}

/** What became of a batch: its events have contiguous sequence numbers and one time. */
export interface Appended {
  readonly firstSequenceNumber: number
  readonly lastSequenceNumber: number
  readonly enqueuedTime: number
}

import type { ReceivedEvent } from '../translate/event.js'
import { createSerial } from '../util/serial.js'
import { KnownOffsets } from './known-offsets.js'

/** The offsets up to which one partition has been handled and committed; the next to read, -1 unknown. */
export class PartitionOffsets {
  readonly topic: string
  readonly partition: number
  resolved = -1
  committed: number
  /** The offset where counting begins while nothing has been committed. */
  begun = -1
  /** The last write failed: what is written of others does not wait for the next. */
  hasFailed = false
  /** Runs a write when those before it are done. */
  readonly inTurn = createSerial()
  /** The service's own offset of the event before `resolved`, where it is no longer among those below. */
  #amqpOffset: string | undefined
  /** The service's own offsets of the events being handled, and of those before: told without asking. */
  #known = new KnownOffsets([])
  #knownBefore = this.#known

  constructor(topic: string, partition: number, committed: number | undefined) {
    this.topic = topic
    this.partition = partition
    this.committed = committed ?? -1
  }

  /** Something is resolved that is not what was committed last. */
  get isDirty(): boolean {
    return this.resolved >= 0 && this.resolved !== this.committed
  }

  /** The service's own offset of the event before what is resolved, as far as known. */
  get amqpOffset(): string | undefined {
    return this.#amqpOffset ?? this.knownOffset(this.resolved - 1)
  }

  /** The service's own offset of an event that is being handled, or was shortly before. */
  knownOffset(sequenceNumber: number): string | undefined {
    return this.#known.of(sequenceNumber) ?? this.#knownBefore.of(sequenceNumber)
  }

  /** Events that go to the handler now. */
  handing(events: readonly ReceivedEvent[]): void {
    if (this.begun < 0) this.begun = events[0]?.sequenceNumber ?? -1
    this.#amqpOffset = this.amqpOffset
    this.#knownBefore = this.#known
    this.#known = new KnownOffsets(events)
  }

  /** Marks everything before `offset` as handled. */
  resolve(offset: number): void {
    this.resolved = offset
    this.#amqpOffset = undefined
  }
}

import type { Appended, IncomingEvent, StoredEvent } from './event.js'
import { IdempotentProducers } from './idempotent-producers.js'
import { PartitionLog, type PartitionRetention } from './partition-log.js'
import { PartitionReaders } from './partition-readers.js'

/** A partition: its log, who reads it, who publishes to it idempotently. */
export class Partition {
  readonly id: string
  readonly log: PartitionLog
  readonly producers: IdempotentProducers = new IdempotentProducers()
  /** Takes each batch to where it outlives the process, before it is acknowledged. */
  onStored: ((events: readonly StoredEvent[]) => void) | undefined
  #readers = new Map<string, PartitionReaders>()
  #listeners = new Set<() => void>()
  #frozen = 0
  /** The waiting for the end of a freeze, in the order it came. */
  #waiting: (() => void)[] = []

  constructor(id: string, retention: PartitionRetention) {
    this.id = id
    this.log = new PartitionLog(retention)
  }

  /** The readers of one consumer group: epochs and quota are per group and partition. */
  readersOf(consumerGroup: string): PartitionReaders {
    const key = consumerGroup.toLowerCase()
    let readers = this.#readers.get(key)
    if (!readers) {
      readers = new PartitionReaders()
      this.#readers.set(key, readers)
    }
    return readers
  }

  /** Stores a batch and tells the waiting readers. */
  append(events: readonly IncomingEvent[]): Appended {
    const appended = this.log.append(events, Date.now())
    if (this.onStored) this.onStored(this.#storedFrom(appended.firstSequenceNumber))
    this.#notify()
    return appended
  }

  /** Runs a step now or, while the partition is frozen, when its turn has come afterwards. */
  whenThawed(step: () => void): void {
    if (this.isFrozen || this.#waiting.length > 0) this.#waiting.push(step)
    else step()
  }

  /** Calls back when there is something to read: events, or the end of a freeze. Returns its own remover. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get isFrozen(): boolean {
    return this.#frozen > 0
  }

  /** Nothing goes in or out until the returned function is called. */
  freeze(): () => void {
    this.#frozen++
    let released = false
    return () => {
      if (released) return
      released = true
      this.#frozen--
      if (this.isFrozen) return
      for (let step = this.#waiting.shift(); step && !this.isFrozen; step = this.#waiting.shift()) step()
      this.#notify()
    }
  }

  #storedFrom(sequenceNumber: number): StoredEvent[] {
    return [...this.log.from(sequenceNumber)]
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

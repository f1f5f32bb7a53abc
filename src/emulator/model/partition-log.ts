import type { Appended, IncomingEvent, StoredEvent } from './event.js'

/** The limits to how long a partition keeps its events. The first one reached counts. */
export interface PartitionRetention {
  readonly ageMs: number
  /** Of the events as they are held in memory, a fixed overhead for each included. */
  readonly bytes: number
  readonly count: number
}

/** The memory an event takes beside its bytes. Measured on Node 20. */
export const EVENT_OVERHEAD = 200

const COMPACT_AFTER = 1024

/** The log of one partition: events in order, the oldest forgotten. */
export class PartitionLog {
  #retention: PartitionRetention
  #events: (StoredEvent | undefined)[] = []
  #head = 0
  #bytes = 0
  #nextSequenceNumber = 0
  #nextOffset = 0
  #last: { sequenceNumber: number; offset: number; enqueuedTime: number } | undefined

  constructor(retention: PartitionRetention) {
    this.#retention = retention
  }

  get count(): number {
    return this.#events.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** Sequence number of the next event. */
  get end(): number {
    return this.#nextSequenceNumber
  }

  /** The offset the next event gets. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Sequence number of the oldest event kept; the next one's when none is. */
  get begin(): number {
    return this.#nextSequenceNumber - this.count
  }

  /**
   * The `begin_sequence_number` as it is told. On a partition that retention has emptied it equals the last enqueued
   * one. Observed on Azure: spotflow-io/in-memory-azure-test-sdk.
   */
  get reportedBegin(): number {
    return this.isEmpty && this.#last ? this.#last.sequenceNumber : this.begin
  }

  /** The newest event ever stored, kept or not. */
  get last(): { readonly sequenceNumber: number; readonly offset: number; readonly enqueuedTime: number } | undefined {
    return this.#last
  }

  /** Stores a batch: all of it, with contiguous sequence numbers. Microsoft: Event Hubs features, "Publishing events". */
  append(events: readonly IncomingEvent[], now: number): Appended {
    const firstSequenceNumber = this.#nextSequenceNumber
    const enqueuedTime = Math.max(now, this.#last?.enqueuedTime ?? 0)
    let end = this.#nextOffset
    for (const event of events) end += event.sizeAt(end)
    const base = this.#nextOffset
    // Not from Node's pool: what is kept would keep alive what others have cut from the same slab.
    const batch = Buffer.allocUnsafeSlow(end - base)
    let sequenceNumber = this.#nextSequenceNumber
    for (const event of events) {
      const offset = this.#nextOffset
      const size = event.sizeAt(offset)
      const start = offset - base
      const { origin } = event
      event.write(batch, start, { sequenceNumber, offset, enqueuedTime })
      this.#events.push({ sequenceNumber, offset, enqueuedTime, batch, start, end: start + size, origin })
      this.#last = { sequenceNumber, offset, enqueuedTime }
      this.#nextOffset = offset + size
      this.#bytes += size + EVENT_OVERHEAD
      sequenceNumber++
    }
    this.#nextSequenceNumber = sequenceNumber
    this.trim(now)
    return { firstSequenceNumber, lastSequenceNumber: sequenceNumber - 1, enqueuedTime }
  }

  /** Takes over what was stored before, in order, into a log that is new. */
  restore(
    batches: Iterable<{ events: readonly StoredEvent[]; end: number; lastOffset: number; enqueuedTime: number }>,
    now: number,
  ): void {
    for (const { events, end, lastOffset, enqueuedTime } of batches) {
      for (const event of events) {
        this.#events.push(event)
        this.#bytes += event.end - event.start + EVENT_OVERHEAD
        this.#nextOffset = event.offset + event.end - event.start
      }
      this.#nextSequenceNumber = end
      this.#nextOffset = Math.max(this.#nextOffset, lastOffset + 1)
      if (end > 0) this.#last = { sequenceNumber: end - 1, offset: lastOffset, enqueuedTime }
    }
    this.trim(now)
  }

  /** The event with that sequence number; undefined when it is forgotten or still to come. */
  at(sequenceNumber: number): StoredEvent | undefined {
    const index = sequenceNumber - this.begin
    return index < 0 ? undefined : this.#events[this.#head + index]
  }

  /** Sequence number of the oldest kept event for which `isBehind` is false; `end` when there is none. */
  search(isBehind: (event: StoredEvent) => boolean): number {
    let low = this.#head
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const event = this.#events[middle]
      if (event && isBehind(event)) low = middle + 1
      else high = middle
    }
    return this.begin + (low - this.#head)
  }

  setRetention(retention: PartitionRetention, now: number): void {
    this.#retention = retention
    this.trim(now)
  }

  /** Forgets what retention does not cover any more. */
  trim(now: number): void {
    const { ageMs, bytes, count } = this.#retention
    for (let event = this.#events[this.#head]; event; event = this.#events[this.#head]) {
      if (this.count <= count && this.#bytes <= bytes && event.enqueuedTime + ageMs > now) break
      this.#events[this.#head] = undefined
      this.#head++
      this.#bytes -= event.end - event.start + EVENT_OVERHEAD
    }
    if (this.#head >= COMPACT_AFTER && this.#head * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
  }

  /** Events in order from a sequence number on. */
  *from(sequenceNumber: number): Generator<StoredEvent> {
    let next = Math.max(sequenceNumber, this.begin)
    for (let event = this.at(next); event; event = this.at(next)) {
      yield event
      next = Math.max(next + 1, this.begin)
    }
  }
}

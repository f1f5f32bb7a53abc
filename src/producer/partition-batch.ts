import type { OutgoingEvent } from '../translate/event.js'

/** The observer that is told what became of a batch, once. */
export interface BatchObserver {
  /** Every event of it is stored. */
  batchStored(): void
  /** It has failed for good; some of its events may be stored. */
  batchFailed(error: unknown): void
}

export interface PartitionBatchOptions {
  readonly partition: number
  /** Batches go out in one transfer only with others of the same key. */
  readonly joinKey: unknown
  /** Ms that one transfer may take to be acknowledged; undefined leaves it to `requestTimeout`. */
  readonly timeout: number | undefined
}

/** The messages of one `send` for one partition, and how far they have got. */
export class PartitionBatch {
  readonly partition: number
  readonly joinKey: unknown
  readonly timeout: number | undefined
  readonly events: OutgoingEvent[] = []
  /** Of each event, encoded. */
  readonly sizes: number[] = []
  #observer: BatchObserver | undefined
  #packed = 0
  #stored = 0
  #isOver: boolean = false

  constructor({ partition, joinKey, timeout }: PartitionBatchOptions) {
    this.partition = partition
    this.joinKey = joinKey
    this.timeout = timeout
  }

  /** Adds an event of this encoded size. */
  add(event: OutgoingEvent, size: number): void {
    this.events.push(event)
    this.sizes.push(size)
  }

  /** Adds those of another batch, from one on. */
  append({ events, sizes }: PartitionBatch, from = 0): void {
    for (let index = from; index < events.length; index++) {
      this.add(events[index] as OutgoingEvent, sizes[index] as number)
    }
  }

  /** Says who is to be told. */
  observe(observer: BatchObserver): void {
    this.#observer = observer
  }

  /** Its fate is known: nothing of it is to be sent any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The number of events that are in some transfer. */
  get packedCount(): number {
    return this.#packed
  }

  /** Bytes of the events that are in no transfer yet. */
  get unpackedSize(): number {
    let size = 0
    for (let index = this.#packed; index < this.sizes.length; index++) size += this.sizes[index] as number
    return size
  }

  get isPacked(): boolean {
    return this.#packed === this.events.length
  }

  /** The number of events known to be stored: transfers of a partition are stored in order. */
  get storedCount(): number {
    return this.#stored
  }

  packed(count: number): void {
    this.#packed += count
  }

  /** Those packed last are in no transfer after all. */
  unpacked(count: number): void {
    this.#packed -= count
  }

  stored(count: number): void {
    this.#stored += count
    if (this.#stored < this.events.length || this.#isOver) return
    this.#isOver = true
    this.#observer?.batchStored()
  }

  failed(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#observer?.batchFailed(error)
  }
}

/** The messages of batches that are in no transfer yet. */
export function sizeOf(batches: readonly PartitionBatch[]): { queuedMessages: number; queuedBytes: number } {
  let queuedMessages = 0
  let queuedBytes = 0
  for (const { events, packedCount, unpackedSize } of batches) {
    queuedMessages += events.length - packedCount
    queuedBytes += unpackedSize
  }
  return { queuedMessages, queuedBytes }
}

import { createDeferred } from '../../util/deferred.js'
import { PartitionBatch } from '../partition-batch.js'
import type { RoutedBatch } from '../routing.js'
import type { Topic } from '../topic.js'

/** Messages held back, by topic-partition and in the order they were sent. */
export class TransactionBuffer {
  readonly #held = new Map<Topic, Map<number, PartitionBatch>>()
  #hasPublished = false

  /** True when some of it has left: it can't be taken back. */
  get hasPublished(): boolean {
    return this.#hasPublished
  }

  add(routed: readonly RoutedBatch[]): void {
    for (const { topic, batch } of routed) {
      const partitions = this.#held.get(topic) ?? new Map<number, PartitionBatch>()
      this.#held.set(topic, partitions)
      const held = partitions.get(batch.partition) ?? batchFor(batch.partition, this)
      held.append(batch)
      partitions.set(batch.partition, held)
    }
  }

  clear(): void {
    this.#held.clear()
  }

  /**
   * Sends all of it, each partition's in transfers of its own. Rejects with the first failure when every partition has
   * ended; what is not known to be stored stays held, for the next call.
   */
  async publish(): Promise<void> {
    const outcomes = await Promise.allSettled(
      [...this.#held].flatMap(([topic, partitions]) =>
        [...partitions.values()].map((batch) => this.#send(topic, batch)),
      ),
    )
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #send(topic: Topic, batch: PartitionBatch): Promise<void> {
    const { partition } = batch
    const { promise, resolve, reject } = createDeferred()
    batch.observe({ batchStored: resolve, batchFailed: reject })
    topic.sender(partition).enqueue(batch)
    try {
      await promise
      this.#hasPublished = true
      this.#held.get(topic)?.delete(partition)
    } catch (error) {
      this.#hasPublished ||= batch.storedCount > 0
      const rest = batchFor(partition, this)
      rest.append(batch, batch.storedCount)
      this.#held.get(topic)?.set(partition, rest)
      throw error
    }
  }
}

/** One that goes out with nothing but its transaction's. */
const batchFor = (partition: number, joinKey: TransactionBuffer) =>
  new PartitionBatch({ partition, joinKey, timeout: undefined })

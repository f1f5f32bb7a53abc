import type { OutgoingEvent } from '../../translate/event.js'
import { createDeferred } from '../../util/deferred.js'
import type { Consignment } from '../routing.js'
import { Shipment } from '../shipment.js'
import type { Topic } from '../topic.js'

/** Messages held back, by topic-partition and in the order they were sent. */
export class TransactionBuffer {
  readonly #held = new Map<Topic, Map<number, OutgoingEvent[]>>()
  #hasPublished = false

  /** Whether some of it has left: it can't be taken back. */
  get hasPublished(): boolean {
    return this.#hasPublished
  }

  add(consignments: readonly Consignment[]): void {
    for (const { topic, shipment } of consignments) {
      const partitions = this.#held.get(topic) ?? new Map<number, OutgoingEvent[]>()
      this.#held.set(topic, partitions)
      const events = partitions.get(shipment.partition)
      if (events) for (const event of shipment.events) events.push(event)
      else partitions.set(shipment.partition, [...shipment.events])
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
    const lane = {}
    const outcomes = await Promise.allSettled(
      [...this.#held].flatMap(([topic, partitions]) =>
        [...partitions].map(([partition, events]) =>
          this.#ship(topic, new Shipment({ partition, events, lane, timeout: undefined })),
        ),
      ),
    )
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #ship(topic: Topic, shipment: Shipment): Promise<void> {
    const { promise, resolve, reject } = createDeferred()
    shipment.consign({ shipmentStored: resolve, shipmentFailed: reject })
    topic.sender(shipment.partition).enqueue(shipment)
    try {
      await promise
      this.#hasPublished = true
      this.#held.get(topic)?.delete(shipment.partition)
    } catch (error) {
      const { unstored } = shipment
      this.#hasPublished ||= unstored.length < shipment.events.length
      this.#held.get(topic)?.set(shipment.partition, [...unstored])
      throw error
    }
  }
}

import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'

/** The stay of a partition with a member, from the moment it began to read it. */
export interface Tenure {
  readonly name: string
  readonly number: number
}

/** What was handled and committed, in the order in which it happened, and what of it must not have. */
export class Ledger {
  readonly violations: string[] = []
  readonly #now: () => number
  readonly #keys: { readonly namespace: string; readonly topic: string; readonly groupId: string }
  #tenures = 0
  /** Partition → what is handled without a gap from the start: the next. */
  readonly #handled = new Map<number, number>()
  readonly #committed = new Map<number, { next: number; tenure: Tenure }>()
  readonly lastHandledAt = new Map<number, number>()

  constructor(now: () => number, keys: { namespace: string; topic: string; groupId: string }) {
    this.#now = now
    this.#keys = keys
  }

  begin(name: string, _partition: number): Tenure {
    return { name, number: this.#tenures++ }
  }

  handled(name: string, partition: number, offset: number): void {
    const next = this.#handled.get(partition) ?? 0
    if (offset > next) this.#violate(`${name} skipped ${partition}@${next}: it handles ${offset}`)
    this.#handled.set(partition, Math.max(next, offset + 1))
    this.lastHandledAt.set(partition, this.#now())
  }

  /** Writes it, and has it checked when it takes effect. */
  commitBy(tenure: Tenure, partition: number, next: number, store: CheckpointStore): Promise<void> {
    return store.updateCheckpoint({
      fullyQualifiedNamespace: this.#keys.namespace,
      eventHubName: this.#keys.topic,
      consumerGroup: this.#keys.groupId,
      partitionId: String(partition),
      sequenceNumber: next - 1,
      // By which the store's side tells whose it is.
      offset: `${tenure.name}:${tenure.number}`,
    })
  }

  /** A commit takes effect in the store. */
  committed(partition: number, next: number, by: string): void {
    const [name = '', number = ''] = by.split(':')
    const tenure = { name, number: Number(number) }
    const last = this.#committed.get(partition)
    if (next > (this.#handled.get(partition) ?? 0)) this.#violate(`${name} committed ${partition}@${next}, not handled`)
    if (last && next < last.next) this.#violate(`${name} committed ${partition}@${next} after ${last.next}`)
    if (last && last.tenure.name !== name && tenure.number < last.tenure.number) {
      this.#violate(`${name} committed ${partition}@${next} though ${last.tenure.name} had taken over`)
    }
    this.#committed.set(partition, { next, tenure })
  }

  #violate(what: string): void {
    this.violations.push(`${Math.round(this.#now())} ms: ${what}`)
  }
}

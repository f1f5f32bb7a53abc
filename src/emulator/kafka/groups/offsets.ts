/** A committed offset. */
export interface CommittedOffset {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** One partition's committed offset, with where it belongs. */
export interface OffsetEntry extends CommittedOffset {
  /** The topic as its event hub is written. */
  readonly topic: string
  readonly partition: number
}

/** The committed offsets of a group. Event hubs compare without case. */
export class Offsets {
  #topics = new Map<string, { topic: string; partitions: Map<number, CommittedOffset> }>()

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#topics.get(topic.toLowerCase())?.partitions.get(partition)
  }

  set(topic: string, partition: number, committed: CommittedOffset): void {
    const key = topic.toLowerCase()
    let entry = this.#topics.get(key)
    if (!entry) {
      entry = { topic, partitions: new Map() }
      this.#topics.set(key, entry)
    }
    entry.partitions.set(partition, committed)
  }

  /** Forgets an event hub that is gone. */
  forget(topic: string): void {
    this.#topics.delete(topic.toLowerCase())
  }

  /** The entries by topic, then by partition. */
  list(): OffsetEntry[] {
    return [...this.#topics.values()]
      .sort((a, b) => (a.topic < b.topic ? -1 : 1))
      .flatMap(({ topic, partitions }) =>
        [...partitions].sort(([a], [b]) => a - b).map(([partition, committed]) => ({ topic, partition, ...committed })),
      )
  }
}

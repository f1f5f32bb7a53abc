/**
 * The offsets where partitions are to go on reading, until their next fetch applies it; the last word for a partition
 * counts.
 */
export interface Seeks {
  /** `offset` is the next to read; -1 latest, -2 earliest. */
  set(topic: string, partition: number, offset: number): void
  get(topic: string, partition: number): number | undefined
  has(topic: string, partition: number): boolean
  /** Forgets those of partitions that are not meant. */
  keep(isMeant: (topic: string, partition: number) => boolean): void
  /** Done, unless another has come meanwhile. */
  applied(topic: string, partition: number, offset: number): void
}

export function createSeeks(): Seeks {
  const targets = new Map<string, { topic: string; partition: number; offset: number }>()
  const key = (topic: string, partition: number) => `${topic}/${partition}`
  return {
    set: (topic, partition, offset) => void targets.set(key(topic, partition), { topic, partition, offset }),
    get: (topic, partition) => targets.get(key(topic, partition))?.offset,
    has: (topic, partition) => targets.size > 0 && targets.has(key(topic, partition)),
    keep(isMeant) {
      for (const [key, { topic, partition }] of targets) if (!isMeant(topic, partition)) targets.delete(key)
    },
    applied(topic, partition, offset) {
      if (targets.get(key(topic, partition))?.offset === offset) targets.delete(key(topic, partition))
    },
  }
}

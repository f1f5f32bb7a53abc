import { partitionKey, type TopicPartition } from '../../group/leases.js'

/** The partitions given up on the spot whose handlers still run. */
export interface Lingering {
  /** `ended` resolves when the handler has come to its end, and never rejects. */
  add(partition: TopicPartition, ended: Promise<void>): void
  /** Resolves when no handler of the partition runs any more. */
  gone(partition: TopicPartition): Promise<void>
  /** Resolves when none of those that are there now runs any more. */
  allGone(): Promise<unknown>
  list(): TopicPartition[]
}

export function createLingering(): Lingering {
  const lingering = new Map<string, TopicPartition & { readonly gone: Promise<void> }>()
  return {
    add({ topic, partition }, ended) {
      const key = partitionKey(topic, partition)
      // It may have been given up before, and the handler of that time still be at work.
      const gone = Promise.all([ended, lingering.get(key)?.gone]).then(() => {
        if (lingering.get(key)?.gone === gone) lingering.delete(key)
      })
      lingering.set(key, { topic, partition, gone })
    },
    gone: ({ topic, partition }) => lingering.get(partitionKey(topic, partition))?.gone ?? Promise.resolve(),
    allGone: () => Promise.all([...lingering.values()].map(({ gone }) => gone)),
    list: () => [...lingering.values()].map(({ topic, partition }) => ({ topic, partition })),
  }
}

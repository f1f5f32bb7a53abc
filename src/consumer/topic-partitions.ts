import type { EventHubsTransport } from '../eventhubs/transport.js'

/** How many partitions topics have, remembered for `metadataMaxAge`. */
export interface TopicPartitionCounts {
  /** 0: no such topic. Rejects when it can't be told. */
  count(topic: string): Promise<number>
  /** Asks the service, whatever is remembered. */
  refresh(topic: string): Promise<number>
}

export function createTopicPartitionCounts(
  transport: EventHubsTransport,
  fetch: <T>(operation: () => Promise<T>) => Promise<T>,
  maxAge: number,
): TopicPartitionCounts {
  const known = new Map<string, { count: number; at: number }>()
  const running = new Map<string, Promise<number>>()

  const ask = async (topic: string): Promise<number> => {
    let count = 0
    try {
      const { partitionIds } = await fetch(() => transport.getEventHubProperties(topic))
      count = partitionIds.length
    } catch (error) {
      if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
    }
    known.set(topic, { count, at: performance.now() })
    return count
  }

  const refresh = (topic: string): Promise<number> => {
    const asking = running.get(topic) ?? ask(topic).finally(() => running.delete(topic))
    running.set(topic, asking)
    return asking
  }

  return {
    refresh,
    async count(topic) {
      const found = known.get(topic)
      return found && performance.now() - found.at < maxAge ? found.count : refresh(topic)
    },
  }
}

import type { TopicPartitionOffset } from '../types/index.js'

type Listener = (offsets: readonly TopicPartitionOffset[]) => void

/**
 * The news clients of one `Kafka` tell one another of offsets they have committed, as in kafkajs: a consumer does not
 * list as uncommitted what a transaction has committed for its group.
 */
export interface CommitNews {
  tell(groupId: string, offsets: readonly TopicPartitionOffset[]): void
  /** Listens until the signal aborts. */
  listen(groupId: string, listener: Listener, signal: AbortSignal): void
}

export function createCommitNews(): CommitNews {
  const listeners = new Map<Listener, string>()
  return {
    tell(groupId, offsets) {
      for (const [listener, group] of listeners) if (group === groupId) listener(offsets)
    },
    listen(groupId, listener, signal) {
      if (signal.aborted) return
      listeners.set(listener, groupId)
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true })
    },
  }
}

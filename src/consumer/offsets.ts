import { partitionKey } from '../group/leases.js'
import type { ReceivedEvent } from '../translate/event.js'
import type { OffsetsByTopicPartition, TopicPartition, TopicPartitionOffset } from '../types/index.js'
import { type Clock, systemClock } from '../util/clock.js'
import { mapConcurrently } from '../util/concurrency.js'
import { createOffsetWrites, type OffsetWritesOptions } from './offset-writes.js'
import { PartitionOffsets } from './partition-offsets.js'

export interface OffsetsOptions extends OffsetWritesOptions {
  /** After offsets that were handled have been written. */
  readonly onCommitted: (offsets: OffsetsByTopicPartition) => void
  readonly autoCommitInterval: number | null
  readonly autoCommitThreshold: number | null
  readonly clock?: Pick<Clock, 'now'>
}

/** Resolved and committed offsets of the partitions being read. A partition's writes follow one another: none overtakes. */
export interface Offsets {
  /** Begins with what the store has, or else with what was committed when the partition was set aside; returns that. */
  start(topic: string, partition: number, stored: number | undefined): number | undefined
  forget(topic: string, partition: number): void
  /** Forgets a partition but for what was committed of it, should the store not know that any more when it comes back. */
  setAside(topic: string, partition: number): void
  resolved(topic: string, partition: number): number | undefined
  /** The offset committed last, as far as known. */
  committed(topic: string, partition: number): number | undefined
  /** Events that go to the handler now. */
  handing(topic: string, partition: number, events: readonly ReceivedEvent[]): void
  /** Marks everything before `offset` as handled. */
  resolve(topic: string, partition: number, offset: number): void
  uncommitted(): OffsetsByTopicPartition
  /** Others have committed these for the group: of partitions that are being read, that is known from here on. */
  committedElsewhere(list: readonly TopicPartitionOffset[]): void
  /** Writes again what was committed last of these partitions. */
  restore(partitions: readonly TopicPartition[]): Promise<void>
  /** Commits one partition, or all, up to what is resolved. */
  commit(only?: TopicPartition): Promise<void>
  /**
   * Commits all when the interval has passed or the threshold is reached; nothing where neither is configured. No promise
   * where nothing is due: it is asked after each message.
   */
  commitIfDue(): Promise<void> | undefined
  /** Commits exactly these. */
  commitExactly(list: readonly TopicPartitionOffset[], options?: { silent?: boolean }): Promise<void>
}

export function createOffsets(options: OffsetsOptions): Offsets {
  const { onCommitted, autoCommitInterval, autoCommitThreshold, clock = systemClock } = options
  const partitions = new Map<string, PartitionOffsets>()
  /** What was committed of partitions that were set aside. */
  const remembered = new Map<string, number>()
  const writes = createOffsetWrites(options)
  let lastCommit = clock.now()

  const find = (topic: string, partition: number) => partitions.get(partitionKey(topic, partition))

  /** Events resolved and not committed, of all partitions; read off their fields, as it is asked after each message. */
  const countUncommitted = () => {
    let count = 0
    for (const { resolved, committed, begun } of partitions.values()) {
      if (resolved >= 0) count += Math.max(0, resolved - (committed >= 0 ? committed : begun))
    }
    return count
  }

  return {
    start(topic, partition, stored) {
      const key = partitionKey(topic, partition)
      const offset = stored ?? remembered.get(key)
      remembered.delete(key)
      partitions.set(key, new PartitionOffsets(topic, partition, offset))
      return offset
    },

    forget(topic, partition) {
      partitions.delete(partitionKey(topic, partition))
    },

    setAside(topic, partition) {
      const offset = this.committed(topic, partition)
      if (offset !== undefined) remembered.set(partitionKey(topic, partition), offset)
      this.forget(topic, partition)
    },

    resolved(topic, partition) {
      const resolved = find(topic, partition)?.resolved
      return resolved === undefined || resolved < 0 ? undefined : resolved
    },

    committed(topic, partition) {
      const offset = find(topic, partition)?.committed
      return offset === undefined || offset < 0 ? undefined : offset
    },

    handing: (topic, partition, events) => find(topic, partition)?.handing(events),
    resolve: (topic, partition, offset) => find(topic, partition)?.resolve(offset),

    uncommitted() {
      const dirty = [...partitions.values()].filter((one) => one.isDirty)
      return group(dirty.map((one) => toOffset(one, one.resolved)))
    },

    committedElsewhere(list) {
      for (const { topic, partition, offset } of list) {
        const one = find(topic, partition)
        if (one) one.committed = Number(offset)
      }
    },

    async restore(list) {
      const chosen = list.flatMap(({ topic, partition }) => find(topic, partition) ?? [])
      await mapConcurrently(chosen, writes.again)
    },

    async commit(only) {
      const chosen = only ? [find(only.topic, only.partition)] : [...partitions.values()]
      const dirty = chosen.filter((one) => one?.isDirty) as PartitionOffsets[]
      lastCommit = clock.now()
      const inOrder = [...dirty.filter((one) => !one.hasFailed), ...dirty.filter((one) => one.hasFailed)]
      const written: TopicPartitionOffset[] = []
      try {
        await mapConcurrently(
          inOrder,
          async (one) => {
            if (await writes.resolved(one)) written.push(toOffset(one, one.committed))
          },
          { stopsAtFailure: true },
        )
      } finally {
        if (written.length > 0) onCommitted(group(written))
      }
    },

    commitIfDue() {
      const byTime = autoCommitInterval !== null && clock.now() - lastCommit >= autoCommitInterval
      const byCount = autoCommitThreshold !== null && countUncommitted() >= autoCommitThreshold
      return byTime || byCount ? this.commit() : undefined
    },

    async commitExactly(list, { silent = false } = {}) {
      for (const one of list) await writes.exactly(one, find(one.topic, one.partition))
      if (!silent) onCommitted(group(list))
    },
  }
}

const toOffset = ({ topic, partition }: TopicPartition, next: number) => ({ topic, partition, offset: String(next) })

function group(list: readonly TopicPartitionOffset[]): OffsetsByTopicPartition {
  const topics = new Map<string, TopicPartitionOffset[]>()
  for (const entry of list) {
    const entries = topics.get(entry.topic)
    if (entries) entries.push(entry)
    else topics.set(entry.topic, [entry])
  }
  return {
    topics: [...topics].map(([topic, entries]) => ({
      topic,
      partitions: entries.map(({ topic: _, ...partitionOffset }) => partitionOffset),
    })),
  }
}

import { partitionKey } from '../group/leases.js'
import type { CommittedOffsets } from '../offsets/committed-offsets.js'
import type { ReceivedEvent } from '../translate/event.js'
import type { OffsetsByTopicPartition, TopicPartition, TopicPartitionOffset } from '../types/index.js'
import { type Clock, systemClock } from '../util/clock.js'
import { createPlaces, mapConcurrently } from '../util/concurrency.js'
import { createSerial } from '../util/serial.js'
import { KnownOffsets } from './known-offsets.js'

/** The offsets up to which one partition has been handled and committed; the next to read, -1 unknown. */
interface Progress extends TopicPartition {
  resolved: number
  committed: number
  /** The offset where counting begins while nothing has been committed. */
  begun: number
  /** The service's own offset of the event before `resolved`, where it is no longer among those below. */
  amqpOffset: string | undefined
  /** The service's own offsets of the events being handled, and of those before: told without asking. */
  known: KnownOffsets
  knownBefore: KnownOffsets
  /** The last write failed: what is written of others does not wait for the next. */
  hasFailed: boolean
  readonly inTurn: <T>(operation: () => Promise<T>) => Promise<T>
}

export interface OffsetsOptions {
  readonly committed: CommittedOffsets
  /** True while the partition's offsets are this member's to commit, asked right before each write. */
  readonly mayCommit: (topic: string, partition: number) => Promise<boolean>
  /** After offsets that were handled have been written. */
  readonly onCommitted: (offsets: OffsetsByTopicPartition) => void
  readonly autoCommitInterval: number | null
  readonly autoCommitThreshold: number | null
  readonly clock?: Pick<Clock, 'now'>
}

/** Resolved and committed offsets of the partitions being read. A partition's writes follow one another: none overtakes. */
export interface Offsets {
  start(topic: string, partition: number, committed: number | undefined): void
  forget(topic: string, partition: number): void
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
  const { committed, mayCommit, onCommitted, autoCommitInterval, autoCommitThreshold, clock = systemClock } = options
  const partitions = new Map<string, Progress>()
  /** Of all partitions together: each write is a request to the store. */
  const places = createPlaces()
  let lastCommit = clock.now()

  /** Events resolved and not committed, of all partitions. */
  const countUncommitted = () => {
    let count = 0
    for (const { resolved, committed, begun } of partitions.values()) {
      if (resolved >= 0) count += Math.max(0, resolved - (committed >= 0 ? committed : begun))
    }
    return count
  }

  const isDirty = (one: Progress) => one.resolved >= 0 && one.resolved !== one.committed

  const writeNow = async (one: Progress): Promise<boolean> => {
    const { topic, partition, resolved } = one
    const amqpOffset = one.amqpOffset ?? knownOffset(one, resolved - 1)
    if (!isDirty(one) || !(await mayCommit(topic, partition))) return false
    one.hasFailed = true
    await committed.commit([{ topic, partition, offset: String(resolved), amqpOffset }])
    one.hasFailed = false
    one.committed = resolved
    return true
  }

  const write = (one: Progress): Promise<boolean> => one.inTurn(() => places.run(() => writeNow(one)))

  return {
    start(topic, partition, offset) {
      partitions.set(partitionKey(topic, partition), {
        topic,
        partition,
        resolved: -1,
        committed: offset ?? -1,
        begun: -1,
        amqpOffset: undefined,
        known: new KnownOffsets([]),
        knownBefore: new KnownOffsets([]),
        hasFailed: false,
        inTurn: createSerial(),
      })
    },

    forget(topic, partition) {
      partitions.delete(partitionKey(topic, partition))
    },

    resolved(topic, partition) {
      const resolved = partitions.get(partitionKey(topic, partition))?.resolved
      return resolved === undefined || resolved < 0 ? undefined : resolved
    },

    committed(topic, partition) {
      const offset = partitions.get(partitionKey(topic, partition))?.committed
      return offset === undefined || offset < 0 ? undefined : offset
    },

    handing(topic, partition, events) {
      const one = partitions.get(partitionKey(topic, partition))
      if (!one) return
      if (one.begun < 0) one.begun = events[0]?.sequenceNumber ?? -1
      one.amqpOffset ??= knownOffset(one, one.resolved - 1)
      one.knownBefore = one.known
      one.known = new KnownOffsets(events)
    },

    resolve(topic, partition, offset) {
      const one = partitions.get(partitionKey(topic, partition))
      if (!one) return
      one.resolved = offset
      one.amqpOffset = undefined
    },

    uncommitted() {
      return group([...partitions.values()].filter(isDirty).map((one) => toOffset(one, one.resolved)))
    },

    committedElsewhere(list) {
      for (const { topic, partition, offset } of list) {
        const one = partitions.get(partitionKey(topic, partition))
        if (one) one.committed = Number(offset)
      }
    },

    async restore(list) {
      const restoreOne = async (one: Progress) => {
        const { topic, partition } = one
        if (!(await mayCommit(topic, partition)) || one.committed < 0) return
        const amqpOffset = knownOffset(one, one.committed - 1)
        await committed.commit([{ topic, partition, offset: String(one.committed), amqpOffset }])
      }
      const chosen = list.flatMap(({ topic, partition }) => partitions.get(partitionKey(topic, partition)) ?? [])
      await mapConcurrently(chosen, (one) => one.inTurn(() => places.run(() => restoreOne(one))))
    },

    async commit(only) {
      const chosen = only ? [partitions.get(partitionKey(only.topic, only.partition))] : [...partitions.values()]
      const dirty = chosen.filter((one) => one !== undefined && isDirty(one)) as Progress[]
      lastCommit = clock.now()
      const inOrder = [...dirty.filter((one) => !one.hasFailed), ...dirty.filter((one) => one.hasFailed)]
      const written: TopicPartitionOffset[] = []
      try {
        await mapConcurrently(
          inOrder,
          async (one) => {
            if (await write(one)) written.push(toOffset(one, one.committed))
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
      for (const { topic, partition, offset } of list) {
        const one = partitions.get(partitionKey(topic, partition))
        const run = async () => {
          const amqpOffset = one && knownOffset(one, Number(offset) - 1)
          await committed.commit([{ topic, partition, offset, amqpOffset }])
          if (one) one.committed = Number(offset)
        }
        await (one ? one.inTurn(() => places.run(run)) : places.run(run))
      }
      if (!silent) onCommitted(group(list))
    },
  }
}

const knownOffset = ({ known, knownBefore }: Progress, sequenceNumber: number): string | undefined =>
  known.of(sequenceNumber) ?? knownBefore.of(sequenceNumber)

const toOffset = ({ topic, partition }: Progress, next: number) => ({ topic, partition, offset: String(next) })

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

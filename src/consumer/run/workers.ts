import { partitionKey, type TopicPartition } from '../../group/leases.js'
import type { ConsumerPartitionDiagnostics } from '../../types/diagnostics.js'
import type { TopicPartitions } from '../../types/index.js'
import { mapConcurrently } from '../../util/concurrency.js'
import type { PartitionContext } from '../partition/context.js'
import { createPartitionWorker, type PartitionWorker } from '../partition/worker.js'
import type { PauseEntry } from '../pauses.js'
import { createLingering } from './lingering.js'

/** The partitions that a run reads, a worker each. */
export interface Workers {
  readonly size: number
  /** Starts reading partitions whose leases are held, from their committed offsets. */
  acquire(partitions: readonly TopicPartition[]): Promise<void>
  /** Lets a worker finish its message and commit. */
  finish(partition: TopicPartition): Promise<void>
  /** Stops workers on the spot; nothing of theirs is committed. */
  abandon(partitions: readonly TopicPartition[]): void
  /** Resolves when all that was acquired so far is read from a known position. */
  positioned(): Promise<void>
  /** Resolves when no handler of a partition given up on the spot runs any more. */
  abandonedEnded(): Promise<unknown>
  /** The partitions given up on the spot whose handlers still run. */
  lingering(): TopicPartition[]
  /** Makes workers look again at pauses and seeks. */
  wake(list: readonly PauseEntry[]): void
  assigned(): TopicPartitions[]
  /** The state of each at the moment. */
  diagnostics(): ConsumerPartitionDiagnostics[]
}

/**
 * @param committed - next offsets to read of a topic's partitions, -1 latest, -2 earliest
 * @param restore - writes the committed offsets of these again, for a store that has lost them
 */
export function createWorkers(
  context: () => PartitionContext,
  committed: (topic: string) => Promise<ReadonlyMap<number, string>>,
  restore: (partitions: readonly TopicPartition[]) => void,
): Workers {
  const workers = new Map<string, PartitionWorker>()
  const acquiring = new Set<Promise<void>>()
  const lingering = createLingering()

  const find = ({ topic, partition }: TopicPartition) => workers.get(partitionKey(topic, partition))

  const forget = (worker: PartitionWorker) => {
    const key = partitionKey(worker.topic, worker.partition)
    if (workers.get(key) !== worker) return
    workers.delete(key)
    context().progress.offsets.forget(worker.topic, worker.partition)
  }

  const start = async (partitions: readonly TopicPartition[]) => {
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    const fetched = await mapConcurrently(topics, committed, { stopsAtFailure: true })
    const offsets = new Map(topics.map((topic, index) => [topic, fetched[index]]))
    const forgotten: TopicPartition[] = []
    for (const tp of partitions) {
      const { topic, partition } = tp
      const { ownership, progress } = context()
      // Given up or lost while its offsets were fetched.
      if (!ownership.holds(topic, partition) || find(tp)) continue
      const stored = offsets.get(topic)?.get(partition)
      const committed = progress.offsets.start(topic, partition, stored === undefined ? undefined : Number(stored))
      if (stored === undefined && committed !== undefined) forgotten.push(tp)
      const after = lingering.gone(tp)
      const worker = createPartitionWorker({ context: context(), topic, partition, committed, after })
      workers.set(partitionKey(topic, partition), worker)
    }
    if (forgotten.length > 0) restore(forgotten)
  }

  return {
    get size() {
      return workers.size
    },

    acquire(partitions) {
      const work = start(partitions).finally(() => acquiring.delete(work))
      acquiring.add(work)
      return work
    },

    async finish(tp) {
      const worker = find(tp)
      if (!worker) return
      try {
        await worker.finish()
      } finally {
        // Also when the last commit has failed: the lease is given up all the same.
        forget(worker)
      }
    },

    abandon(partitions) {
      for (const tp of partitions) {
        const worker = find(tp)
        if (!worker) continue
        worker.abandon()
        lingering.add(worker, worker.ended)
        workers.delete(partitionKey(tp.topic, tp.partition))
        context().progress.offsets.setAside(tp.topic, tp.partition)
      }
    },

    async positioned() {
      await Promise.allSettled(acquiring)
      await Promise.all([...workers.values()].map((worker) => worker.positioned))
    },

    abandonedEnded: lingering.allGone,
    lingering: lingering.list,

    wake(list) {
      for (const worker of workers.values()) {
        const isMeant = ({ topic, partitions }: PauseEntry) =>
          topic === worker.topic && (partitions === undefined || partitions.includes(worker.partition))
        if (list.some(isMeant)) worker.wake()
      }
    },

    assigned() {
      const byTopic = new Map<string, number[]>()
      for (const { topic, partition } of workers.values()) {
        const partitions = byTopic.get(topic)
        if (partitions) partitions.push(partition)
        else byTopic.set(topic, [partition])
      }
      return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }))
    },

    diagnostics: () => [...workers.values()].map((worker) => worker.diagnostics()),
  }
}

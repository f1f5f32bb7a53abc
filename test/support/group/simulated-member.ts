import { createAssignerCluster } from '../../../src/group/assigner-cluster.js'
import { PartitionAssigners } from '../../../src/group/assigners.js'
import { createCommitGuard } from '../../../src/group/commit-guard.js'
import { partitionKey, type TopicPartition } from '../../../src/group/leases.js'
import { createGroupMember, type GroupMember } from '../../../src/group/member.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'
import type { Clock } from '../../../src/util/clock.js'
import type { Ledger } from './ledger.js'

export interface SimulatedMemberOptions {
  readonly name: string
  readonly clock: Clock
  /** The group's store, as this member reaches it. */
  readonly store: CheckpointStore
  readonly partitions: number
  readonly sessionTimeout: number
  readonly heartbeatInterval: number
  readonly assigner: keyof typeof PartitionAssigners
  readonly ledger: Ledger
}

export const namespace = 'simulated'
export const groupId = 'g'
export const topic = 't'

/** How long one message takes, and how soon something failed is tried again, ms. */
const HANDLING_MS = 300
const RETRY_MS = 200

const address = { fullyQualifiedNamespace: namespace, storeNamespace: namespace, broker: namespace, isEmulator: true }
const logger = createLogger({ level: 0 })

/** A member that reads: one message after the other of each partition, each committed before the next. */
export interface SimulatedMember {
  readonly member: GroupMember
  readonly failures: readonly Error[]
  /** Partitions that messages are handled of. */
  reading(): string[]
  join(): Promise<void>
}

export function createSimulatedMember(options: SimulatedMemberOptions): SimulatedMember {
  const { name, clock, store, ledger, sessionTimeout, heartbeatInterval } = options
  const { cluster, show } = createAssignerCluster(address)
  const workers = new Map<string, Worker>()
  const failures: Error[] = []

  const member: GroupMember = createGroupMember({
    store,
    namespace,
    groupId,
    clientId: name,
    sessionTimeout,
    heartbeatInterval,
    clock,
    assigners: [PartitionAssigners[options.assigner]({ cluster, groupId, logger })],
    topics: [topic],
    partitionCount: async () => options.partitions,
    setAssignable: show,
    logger,
    listener: {
      onRebalancing: () => undefined,
      onJoined: () => undefined,
      onFailed: (error) => failures.push(error),
      onAcquired(list) {
        for (const { partition } of list) {
          const key = partitionKey(topic, partition)
          workers.get(key)?.abandon()
          workers.set(key, work(partition))
        }
      },
      async onRevoked({ partition }) {
        const key = partitionKey(topic, partition)
        const worker = workers.get(key)
        await worker?.finish()
        if (workers.get(key) === worker) workers.delete(key)
      },
      onRestored: () => undefined,
      onLost(list) {
        for (const { partition } of list) {
          workers.get(partitionKey(topic, partition))?.abandon()
          workers.delete(partitionKey(topic, partition))
        }
      },
    },
  })

  const guard = createCommitGuard({ member, store, namespace, groupId, mayBeShared: () => false })

  /** Until it has been done, or the partition is no longer read. */
  const insist = async <T>(worker: { readonly state: string }, operation: () => Promise<T>): Promise<T | undefined> => {
    while (worker.state !== 'abandoned') {
      try {
        return await operation()
      } catch {
        if (worker.state === 'finishing') return undefined
        await clock.wait(RETRY_MS)
      }
    }
    return undefined
  }

  const work = (partition: number): Worker => {
    const worker: { state: 'reading' | 'finishing' | 'abandoned' } = { state: 'reading' }
    const tenure = ledger.begin(name, partition)
    const commit = async (next: number) => {
      if (!(await guard.mayCommit(topic, partition))) return false
      await ledger.commitBy(tenure, partition, next, store)
      return true
    }
    const run = async () => {
      let next = await insist(worker, () => fetchCommitted(store, { topic, partition }))
      while (worker.state === 'reading' && next !== undefined) {
        await clock.wait(HANDLING_MS)
        if (worker.state !== 'reading' || !member.leases.holds(topic, partition)) continue
        ledger.handled(name, partition, next)
        const done = next + 1
        if (await insist(worker, () => commit(done))) next = done
      }
    }
    const running = run()
    return {
      async finish() {
        worker.state = 'finishing'
        await running
      },
      abandon() {
        worker.state = 'abandoned'
      },
    }
  }

  return {
    member,
    failures,
    reading: () => [...workers.keys()].filter((key) => member.leases.holds(topic, Number(key.split('/')[1]))),
    async join() {
      for (;;) {
        try {
          return await member.join()
        } catch {
          await clock.wait(RETRY_MS)
        }
      }
    },
  }
}

interface Worker {
  finish(): Promise<void>
  abandon(): void
}

async function fetchCommitted(store: CheckpointStore, { topic, partition }: TopicPartition): Promise<number> {
  const checkpoints = await store.listCheckpoints(namespace, topic, groupId)
  const found = checkpoints.find(({ partitionId }) => partitionId === String(partition))
  return (found?.sequenceNumber ?? -1) + 1
}

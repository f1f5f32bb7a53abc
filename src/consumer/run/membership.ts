import type { AssignerCluster } from '../../group/assigner-cluster.js'
import { PartitionAssigners } from '../../group/assigners.js'
import type { TopicPartition } from '../../group/leases.js'
import { createGroupMember, type GroupMember } from '../../group/member.js'
import type { CheckpointStore } from '../../types/checkpoint-store.js'
import type { RunState } from './types.js'
import type { Workers } from './workers.js'

/** The parts that a run's place in the group is built on. */
export interface MembershipParts {
  readonly store: CheckpointStore
  /** The namespace as the store has it. */
  readonly namespace: string
  readonly cluster: AssignerCluster
  readonly workers: Workers
  /** Writes the committed offsets of these again, for a store that has lost them. */
  restoreOffsets(partitions: readonly TopicPartition[]): void
  /** Number of partitions of a topic as last seen; 0 for one that does not exist. */
  partitionCount(topic: string): Promise<number>
}

/** A run's place in the group: what is given to it goes to its workers, and what becomes of it to its state. */
export function createMembership(state: RunState, parts: MembershipParts): GroupMember {
  const { settings, instrumentation, topics, groupLogger } = state
  const { groupId, sessionTimeout } = settings
  const { store, namespace, cluster, partitionCount, workers } = parts
  const member = createGroupMember({
    store,
    namespace,
    groupId,
    clientId: state.clientId,
    sessionTimeout,
    heartbeatInterval: settings.heartbeatInterval,
    assigners: (settings.partitionAssigners ?? [PartitionAssigners.roundRobin]).map((create) =>
      create({ cluster: cluster.cluster, groupId, logger: groupLogger }),
    ),
    topics: [...topics.keys()],
    partitionCount,
    setAssignable: cluster.show,
    logger: groupLogger,
    listener: {
      onRebalancing() {
        state.steering.rebalancing()
        instrumentation.emit('REBALANCING', () => ({ groupId, memberId: member.memberId() }))
      },
      onAcquired: (partitions) => void workers.acquire(partitions).catch(state.fail),
      onRevoked: workers.finish,
      onLost: workers.abandon,
      onRestored: parts.restoreOffsets,
      onJoined(joined) {
        workers
          .positioned()
          .then(() => {
            if (state.isRunning()) state.joined(joined)
          })
          .catch(state.fail)
      },
      onFailed: state.fail,
    },
  })
  return member
}

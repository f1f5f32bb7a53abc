import { instrumentStore } from '../../client/store-requests.js'
import { KafkaJSConnectionClosedError } from '../../errors/index.js'
import { createAssignerCluster } from '../../group/assigner-cluster.js'
import { createCommitGuard } from '../../group/commit-guard.js'
import type { TopicPartition } from '../../group/leases.js'
import type { GroupMember } from '../../group/member.js'
import { createReadingGroups } from '../../group/reading-groups.js'
import { retryLog } from '../../instrumentation/retry-log.js'
import { createCommittedOffsets } from '../../offsets/committed-offsets.js'
import { retry } from '../../retry/retry.js'
import { createOffsets } from '../offsets.js'
import type { PartitionContext } from '../partition/context.js'
import { createMembership } from './membership.js'
import { createPartitionContext } from './partition-context.js'
import type { RunConnection, RunState } from './types.js'
import { createWorkers, type Workers } from './workers.js'

/** The part of a run that exists once it is connected: its place in the group, and the partitions it reads. */
export interface ConnectedRun {
  readonly member: GroupMember
  readonly context: PartitionContext
  readonly workers: Workers
  /** The fields that every event about the group carries. */
  identity(): { groupId: string; memberId: string; groupGenerationId: number }
}

export function connectRun({ connection, store: ownStore }: RunConnection, state: RunState): ConnectedRun {
  const { transport, management, address } = connection
  const { settings, config, eventHubs, instrumentation, requests, groupLogger, stopping } = state
  const { groupId, sessionTimeout } = settings
  const { broker, storeNamespace } = address
  const store = instrumentStore({
    store: ownStore,
    requests,
    broker,
    // A call that hangs must leave time for another before leases run out.
    timeout: Math.min(state.requestTimeout, Math.round((sessionTimeout * 2) / 3)),
    logger: groupLogger,
  })

  const committed = createCommittedOffsets({ store, transport, groupId })
  const cluster = createAssignerCluster(address)
  /** What asks after the consumer has disconnected is not to connect it again. */
  const known = (topic: string) => {
    if (connection.closing.aborted) {
      throw new KafkaJSConnectionClosedError('Closed connection: the client is disconnected')
    }
    return state.known.of(topic)
  }
  // Another run begins with what there is then.
  stopping.addEventListener('abort', state.known.forget, { once: true })
  const readingGroups = createReadingGroups({
    choice: eventHubs.consumerGroup,
    groupId,
    async create(topic, consumerGroup) {
      const service = await management()
      if (!service) return false
      await service.createConsumerGroup(topic, consumerGroup)
      return true
    },
    logger: groupLogger,
  })

  const restoreOffsets = (partitions: readonly TopicPartition[]) =>
    void retry(() => offsets.restore(partitions), settings.retry, {
      signal: stopping,
      onRetry: retryLog(groupLogger, 'Could not write committed offsets again'),
    }).catch((error: Error) => {
      groupLogger.error(`Could not write committed offsets again: ${error.message}`, { groupId, partitions })
    })

  const workers = createWorkers(
    () => context,
    (topic) =>
      retry(() => committed.fetch(topic), settings.retry, {
        signal: stopping,
        onRetry: retryLog(groupLogger, 'Could not fetch committed offsets'),
      }),
    restoreOffsets,
  )

  const partitionCount = async (topic: string) => known(topic).count()
  const membership = { store, namespace: storeNamespace, cluster, partitionCount, workers, restoreOffsets }
  const member = createMembership(state, membership)
  const identity = () => ({ groupId, memberId: member.memberId(), groupGenerationId: member.generationId() })

  const guard = createCommitGuard({
    member,
    store,
    namespace: storeNamespace,
    groupId,
    // Processors of other SDKs share a group by the name of the consumer group they read as.
    mayBeShared: (topic) => readingGroups.of(topic).consumerGroup.toLowerCase() === groupId.toLowerCase(),
  })

  const offsets = createOffsets({
    committed,
    mayCommit: guard.mayCommit,
    onCommitted: (list) => instrumentation.emit('COMMIT_OFFSETS', () => ({ ...identity(), ...list })),
    autoCommitInterval: config.autoCommitInterval ?? null,
    autoCommitThreshold: config.autoCommitThreshold ?? null,
  })

  connection.commits.listen(groupId, offsets.committedElsewhere, stopping)

  const parts = { transport, readingGroups, known, member, guard, offsets, workers }
  const context: PartitionContext = createPartitionContext(state, parts)

  return { member, context, workers, identity }
}

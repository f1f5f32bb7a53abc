import { instrumentStore } from '../../client/store-requests.js'
import { createProtocolError } from '../../errors/protocol-errors.js'
import { createAssignerCluster } from '../../group/assigner-cluster.js'
import { createGroupMember, type GroupMember } from '../../group/member.js'
import { toOwnerId } from '../../group/member-record.js'
import { createReadingGroups } from '../../group/reading-groups.js'
import { PartitionAssigners } from '../../group/round-robin.js'
import { createCommittedOffsets } from '../../offsets/committed-offsets.js'
import { retry } from '../../retry/retry.js'
import type { TopicPartitionOffset } from '../../types/index.js'
import { createSlots } from '../../util/slots.js'
import { createOffsets } from '../offsets.js'
import { createFetchAllowance } from '../partition/fetch-allowance.js'
import { createTopicPartitionCounts } from '../topic-partitions.js'
import type { RunContext } from './run-context.js'
import type { RunConnection, RunState } from './types.js'
import { createWorkers, type Workers } from './workers.js'

/** The part of a run that exists once it is connected: its place in the group, and the partitions it reads. */
export interface ConnectedRun {
  readonly member: GroupMember
  readonly context: RunContext
  readonly workers: Workers
  /** What every event about the group carries. */
  identity(): { groupId: string; memberId: string; groupGenerationId: number }
}

export function connectRun(connection: RunConnection, state: RunState): ConnectedRun {
  const { transport, management } = connection
  const { settings, config, eventHubs, instrumentation, requests, topics, runnerLogger, groupLogger, stopping } = state
  const { groupId, sessionTimeout } = settings
  const { broker, storeNamespace } = transport.address
  const store = instrumentStore(connection.store, requests, broker)

  const committed = createCommittedOffsets({ store, transport, groupId })
  const cluster = createAssignerCluster(transport.address)
  const counts = createTopicPartitionCounts(
    transport,
    (operation) => requests.run('Metadata', broker, operation),
    settings.metadataMaxAge,
  )
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

  const workers = createWorkers(
    () => context,
    (topic) => retry(() => committed.fetch(topic), settings.retry, { signal: stopping }),
  )

  const member = createGroupMember({
    store,
    namespace: storeNamespace,
    groupId,
    clientId: state.clientId,
    sessionTimeout,
    heartbeatInterval: settings.heartbeatInterval,
    assigners: (settings.partitionAssigners ?? [PartitionAssigners.roundRobin]).map((create) =>
      create({ cluster: cluster.cluster, groupId, logger: groupLogger }),
    ),
    topics: [...topics.keys()],
    partitionCount: counts.count,
    setAssignable: cluster.show,
    logger: groupLogger,
    listener: {
      onRebalancing() {
        state.rebalancing()
        instrumentation.emit('REBALANCING', () => ({ groupId, memberId: member.memberId() }))
      },
      onAcquired: (partitions) => void workers.acquire(partitions).catch(state.fail),
      onRevoked: workers.finish,
      onLost: workers.abandon,
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

  const identity = () => ({ groupId, memberId: member.memberId(), groupGenerationId: member.generationId() })

  const { holds, isDoubted, isDoubtful, doubt } = member.leases
  /** Processors of other SDKs share a group by the name of the consumer group they read as. */
  const mayBeShared = (topic: string) => {
    const { consumerGroup } = readingGroups.of(topic)
    return consumerGroup.toLowerCase() === groupId.toLowerCase()
  }
  const mayCommit = async (topic: string, partition: number) => {
    // A member of the group takes nothing it was not given; a processor may have claimed the partition a moment ago.
    if (mayBeShared(topic) && holds(topic, partition)) await member.verify(topic, partition)
    // A round of renewals that is under way may have begun before the doubt; the one after it has not.
    for (let round = 0; round < 2 && isDoubtful(topic, partition); round++) {
      await member.verify(topic, partition)
    }
    return holds(topic, partition) && !isDoubtful(topic, partition)
  }

  /** Kafka takes a commit from any member; the store would let a stale one overwrite the present owner's. */
  const assertOwn = async ({ topic, partition }: TopicPartitionOffset) => {
    if (await mayCommit(topic, partition)) return
    const stored = await store.listOwnership(storeNamespace, topic, groupId)
    const owner = stored.find(({ partitionId }) => Number(partitionId) === partition)?.ownerId ?? ''
    if (owner === '' || owner === toOwnerId(member.memberId())) return
    throw createProtocolError('ILLEGAL_GENERATION', {
      message: `Cannot commit an offset of ${topic} [${partition}]: another member of group ${groupId} reads this partition now`,
    })
  }

  const offsets = createOffsets({
    committed,
    mayCommit,
    onCommitted: (list) => instrumentation.emit('COMMIT_OFFSETS', () => ({ ...identity(), ...list })),
    autoCommitInterval: config.autoCommitInterval ?? null,
    autoCommitThreshold: config.autoCommitThreshold ?? null,
  })

  const context: RunContext = {
    transport,
    groupId,
    eachMessage: config.eachMessage ?? undefined,
    eachBatch: config.eachBatch ?? undefined,
    autoCommit: config.autoCommit ?? true,
    eachBatchAutoResolve: config.eachBatchAutoResolve ?? true,
    retry: settings.retry,
    instrumentation,
    logger: runnerLogger,
    offsets,
    pauses: state.pauses,
    seeks: state.seeks,
    slots: createSlots(Math.max(1, config.partitionsConsumedConcurrently ?? 1)),
    readingGroups,
    fetchLimits: { maxBatchSize: eventHubs.maxBatchSize, prefetchCount: eventHubs.prefetchCount },
    allowance: createFetchAllowance(settings.maxBytes),
    partitionBudget: () => Math.min(settings.maxBytesPerPartition, settings.maxBytes / Math.max(1, workers.size)),
    fromBeginning: (topic) => topics.get(topic) ?? false,
    async partitionCount(topic) {
      const count = await counts.refresh(topic)
      if (count === 0) member.nudge()
      return count
    },
    heartbeat: state.heartbeat,
    fetched: state.fetched,
    fail: state.fail,
    inHandler: state.inHandler,
    isRunning: state.isRunning,
    async commitExactly(list) {
      for (const one of list) await assertOwn(one)
      await offsets.commitExactly(list)
    },
    pause(list) {
      state.pauses.pause(list)
      workers.wake(list)
    },
    resume(list) {
      state.pauses.resume(list)
      workers.wake(list)
    },
    group: {
      memberId: member.memberId,
      holds,
      mayCommit,
      isDoubted,
      doubt,
      verify: member.verify,
    },
  }

  return { member, context, workers, identity }
}

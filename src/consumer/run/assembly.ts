import { instrumentStore } from '../../client/store-requests.js'
import { createTopics } from '../../client/topics.js'
import { createAssignerCluster } from '../../group/assigner-cluster.js'
import { PartitionAssigners } from '../../group/assigners.js'
import { createCommitGuard } from '../../group/commit-guard.js'
import { createGroupMember, type GroupMember } from '../../group/member.js'
import { createReadingGroups } from '../../group/reading-groups.js'
import { retryLog } from '../../instrumentation/retry-log.js'
import { createCommittedOffsets } from '../../offsets/committed-offsets.js'
import { retry } from '../../retry/retry.js'
import { toOffset } from '../../translate/offset.js'
import { createSlots } from '../../util/slots.js'
import { createOffsets } from '../offsets.js'
import type { PartitionContext } from '../partition/context.js'
import { createOnUndecodable } from '../partition/decoding.js'
import type { RunConnection, RunState } from './types.js'
import { createWorkers, type Workers } from './workers.js'

/** The part of a run that exists once it is connected: its place in the group, and the partitions it reads. */
export interface ConnectedRun {
  readonly member: GroupMember
  readonly context: PartitionContext
  readonly workers: Workers
  /** What every event about the group carries. */
  identity(): { groupId: string; memberId: string; groupGenerationId: number }
}

export function connectRun({ connection, store: ownStore }: RunConnection, state: RunState): ConnectedRun {
  const { transport, management, address } = connection
  const { settings, config, eventHubs, instrumentation, requests, topics, runnerLogger, groupLogger, stopping } = state
  const { groupId, sessionTimeout } = settings
  const { broker, storeNamespace } = address
  const store = instrumentStore({
    store: ownStore,
    requests,
    broker,
    // A call that hangs must leave time for another before leases run out.
    timeout: Math.min(state.requestTimeout, (sessionTimeout * 2) / 3),
    logger: groupLogger,
  })

  const committed = createCommittedOffsets({ store, transport, groupId })
  const cluster = createAssignerCluster(address)
  const known = createTopics({
    connect: async () => connection,
    settings,
    logger: groupLogger,
    awaitsMissing: false,
  })
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
    (topic) =>
      retry(() => committed.fetch(topic), settings.retry, {
        signal: stopping,
        onRetry: retryLog(groupLogger, 'Could not fetch committed offsets'),
      }),
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
    partitionCount: (topic) => known.of(topic).count(),
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

  const context: PartitionContext = {
    groupId,
    retry: settings.retry,
    requestTimeout: state.requestTimeout,
    logger: runnerLogger,
    instrumentation,
    fetching: {
      transport,
      readingGroups,
      limits: { maxBatchSize: eventHubs.maxBatchSize, prefetchCount: eventHubs.prefetchCount },
      budget: () => Math.min(settings.maxBytesPerPartition, settings.maxBytes / Math.max(1, workers.size)),
      fromBeginning: (topic) => topics.get(topic) ?? false,
      async partitionCount(topic) {
        const count = await known.of(topic).refresh()
        if (count === 0) member.nudge()
        return count
      },
      fetched: state.fetched,
    },
    handler: {
      eachMessage: config.eachMessage ?? undefined,
      eachBatch: config.eachBatch ?? undefined,
      eachBatchAutoResolve: config.eachBatchAutoResolve ?? true,
      onUndecodable: createOnUndecodable(eventHubs.undecodable, ({ sequenceNumber }, reason, { topic, partition }) => {
        const offset = toOffset(sequenceNumber)
        runnerLogger.error(`Skipped an event that cannot be decoded: ${reason}`, { topic, partition, offset })
      }),
      slots: createSlots(Math.max(1, config.partitionsConsumedConcurrently ?? 1)),
      invoke: state.inHandler,
      heartbeat: state.heartbeat,
      isRunning: state.isRunning,
    },
    progress: {
      autoCommit: config.autoCommit ?? true,
      offsets,
      pauses: state.pauses,
      seeks: state.seeks,
      async commitExactly(list) {
        for (const one of list) await guard.assertNotAnothers(one)
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
    },
    ownership: {
      memberId: member.memberId,
      holds: member.leases.holds,
      mayCommit: guard.mayCommit,
      suspect: member.leases.suspect,
      isSuspect: member.leases.isSuspect,
      verify: member.verify,
    },
    fail: state.fail,
  }

  return { member, context, workers, identity }
}

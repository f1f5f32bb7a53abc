import type { TopicPartitions } from '../../client/topics.js'
import type { EventHubsTransport } from '../../eventhubs/transport.js'
import type { CommitGuard } from '../../group/commit-guard.js'
import type { GroupMember } from '../../group/member.js'
import type { ReadingGroups } from '../../group/reading-groups.js'
import { toOffset } from '../../translate/offset.js'
import { createPlaces } from '../../util/concurrency.js'
import { createSlots } from '../../util/slots.js'
import type { Offsets } from '../offsets.js'
import type { PartitionContext } from '../partition/context.js'
import { createOnUndecodable } from '../partition/decoding.js'
import type { RunState } from './types.js'
import type { Workers } from './workers.js'

/** The parts of a connected run that its partitions come to see. */
export interface ContextParts {
  readonly transport: EventHubsTransport
  readonly readingGroups: ReadingGroups
  /** A topic as Event Hubs has it. Throws when the consumer has disconnected. */
  known(topic: string): TopicPartitions
  readonly member: GroupMember
  readonly guard: CommitGuard
  readonly offsets: Offsets
  readonly workers: Workers
}

export function createPartitionContext(state: RunState, parts: ContextParts): PartitionContext {
  const { settings, config, eventHubs, instrumentation, topics, runnerLogger, steering } = state
  const { groupId } = settings
  const { transport, readingGroups, known, member, guard, offsets, workers } = parts
  return {
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
      maxBytes: settings.maxBytes,
      questions: createPlaces(),
      fromBeginning: (topic) => topics.get(topic) ?? false,
      async partitionCount(topic, since) {
        const count = await known(topic).refresh(since)
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
      calls: state.calls,
      heartbeat: state.heartbeat,
      isRunning: state.isRunning,
    },
    progress: {
      autoCommit: config.autoCommit ?? true,
      lastCommits: createPlaces(),
      offsets,
      pauses: steering.pauses,
      seeks: steering.seeks,
      async commitExactly(list) {
        for (const one of list) await guard.assertNotAnothers(one)
        await offsets.commitExactly(list)
      },
      pause: steering.pause,
      resume: steering.resume,
    },
    ownership: {
      memberId: member.memberId,
      holds: member.leases.holds,
      mayCommit: guard.mayCommit,
      suspect: member.leases.suspect,
      isSuspect: member.leases.isSuspect,
      leaseAge: member.leases.age,
      verify: member.verify,
    },
    fail: state.fail,
  }
}

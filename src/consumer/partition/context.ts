import type { EventHubsTransport } from '../../eventhubs/transport.js'
import type { ReadingGroups } from '../../group/reading-groups.js'
import type { Instrumentation } from '../../instrumentation/events.js'
import type { RetrySettings } from '../../retry/retry.js'
import type {
  ConsumerEvents,
  EachBatchHandler,
  EachMessageHandler,
  Logger,
  TopicPartitionOffset,
} from '../../types/index.js'
import type { Slots } from '../../util/slots.js'
import type { Offsets } from '../offsets.js'
import type { PauseEntry, Pauses } from '../pauses.js'
import type { Seeks } from '../seeks.js'
import type { OnUndecodable } from './decoding.js'
import type { HandlerCalls } from './handler-calls.js'

/** The context that all partitions of one `run()` share. */
export interface PartitionContext {
  readonly groupId: string
  readonly retry: RetrySettings
  /** ms */
  readonly requestTimeout: number
  readonly logger: Logger
  readonly instrumentation: Instrumentation<ConsumerEvents>
  readonly fetching: Fetching
  readonly handler: Handler
  readonly progress: Progress
  readonly ownership: Ownership
  /** Ends the run: the consumer crashes. */
  fail(thrown: unknown): void
}

/** The source of events, and the limits to their number. */
export interface Fetching {
  readonly transport: EventHubsTransport
  readonly readingGroups: ReadingGroups
  readonly limits: { readonly maxBatchSize?: number | undefined; readonly prefetchCount?: number | undefined }
  /** Bytes one partition may hold. */
  readonly budget: () => number
  /** Bytes that decompressed messages of one partition may have when they are handed over. */
  readonly maxBytes: number
  /** For questions about a partition's ends: at the beginning of a run all partitions have one. */
  readonly questions: Slots
  fromBeginning(topic: string): boolean
  /** Asks the service, unless it was asked since then (`performance.now()`); 0: no such topic, and the group is told. */
  partitionCount(topic: string, since?: number): Promise<number>
  /** A batch has come. Resolves when that has been told, and the batch may be handled. */
  fetched(): Promise<void>
}

/** The handler of events, and what goes with it. */
export interface Handler {
  readonly eachMessage: EachMessageHandler | undefined
  readonly eachBatch: EachBatchHandler | undefined
  readonly eachBatchAutoResolve: boolean
  readonly onUndecodable: OnUndecodable
  /** `partitionsConsumedConcurrently`. */
  readonly slots: Slots
  readonly calls: HandlerCalls
  /** The handler's sign of life, at most once per `heartbeatInterval`. */
  heartbeat(): void
  isRunning(): boolean
}

/** The places that partitions have come to, and those they are to go to. */
export interface Progress {
  readonly autoCommit: boolean
  /** For last commits: at the end of a run all partitions have one, and the time it may take is not to run out in a queue. */
  readonly lastCommits: Slots
  readonly offsets: Offsets
  readonly pauses: Pauses
  readonly seeks: Seeks
  /** Commits exactly these, if they are this member's to commit. */
  commitExactly(list: readonly TopicPartitionOffset[]): Promise<void>
  /** Pauses and wakes the partitions concerned. */
  pause(list: readonly PauseEntry[]): void
  /** Resumes and wakes the partitions concerned. */
  resume(list: readonly PauseEntry[]): void
}

/** The partitions that are this member's. */
export interface Ownership {
  memberId(): string
  /** The lease is fresh enough that nobody else can have it. */
  holds(topic: string, partition: number): boolean
  /** Like `holds`, made sure of with the store when the lease is no longer fresh. */
  mayCommit(topic: string, partition: number): Promise<boolean>
  /** Something happened that another owner would cause: `mayCommit` asks the store before it says so again. */
  suspect(topic: string, partition: number): void
  isSuspect(topic: string, partition: number): boolean
  /** Time since the lease was last known to be ours, ms; Infinity when it is not held. */
  leaseAge(topic: string, partition: number): number
  /** Asks the store whether the lease is still this member's; if not, the partition is abandoned before it resolves. */
  verify(topic: string, partition: number): Promise<void>
}

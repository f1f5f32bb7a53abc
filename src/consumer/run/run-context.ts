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
import type { FetchAllowance } from '../partition/fetch-allowance.js'
import type { PauseEntry, Pauses } from '../pauses.js'
import type { Seeks } from '../seeks.js'

/** What all partitions of one `run()` share. */
export interface RunContext {
  readonly transport: EventHubsTransport
  readonly groupId: string
  readonly eachMessage: EachMessageHandler | undefined
  readonly eachBatch: EachBatchHandler | undefined
  readonly autoCommit: boolean
  readonly eachBatchAutoResolve: boolean
  readonly retry: RetrySettings
  readonly instrumentation: Instrumentation<ConsumerEvents>
  readonly logger: Logger
  readonly offsets: Offsets
  readonly pauses: Pauses
  readonly seeks: Seeks
  /** `partitionsConsumedConcurrently`. */
  readonly slots: Slots
  readonly readingGroups: ReadingGroups
  readonly fetchLimits: { readonly maxBatchSize?: number | undefined; readonly prefetchCount?: number | undefined }
  readonly allowance: FetchAllowance
  /** Bytes one partition may hold. */
  readonly partitionBudget: () => number
  fromBeginning(topic: string): boolean
  /** Asks the service; 0: no such topic, and the group is told. */
  partitionCount(topic: string): Promise<number>
  /** The handler's sign of life, at most once per `heartbeatInterval`. */
  heartbeat(): Promise<void>
  /** A batch has come. Resolves when that has been told, and the batch may be handled. */
  fetched(): Promise<void>
  /** Ends the run: the consumer crashes. */
  fail(error: Error): void
  /** Runs a handler so that a `stop()` it awaits can be told from any other. */
  inHandler<T>(operation: () => Promise<T>): Promise<T>
  isRunning(): boolean
  /** Commits exactly these, if they are this member's to commit. */
  commitExactly(list: readonly TopicPartitionOffset[]): Promise<void>
  /** Pauses and wakes the partitions concerned. */
  pause(list: readonly PauseEntry[]): void
  /** Resumes and wakes the partitions concerned. */
  resume(list: readonly PauseEntry[]): void
  readonly group: {
    memberId(): string
    holds(topic: string, partition: number): boolean
    /** Like `holds`, made sure of with the store when the lease is no longer fresh. */
    mayCommit(topic: string, partition: number): Promise<boolean>
    /** The lease may have been taken: `mayCommit` asks the store before it says so again. */
    doubt(topic: string, partition: number): void
    isDoubted(topic: string, partition: number): boolean
    /** Asks the store whether the lease is still this member's; if not, the partition is abandoned before it resolves. */
    verify(topic: string, partition: number): Promise<void>
  }
}

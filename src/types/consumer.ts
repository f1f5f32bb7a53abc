import type { RetryOptions } from './config.js'
import type {
  ConsumerCommitOffsetsEvent,
  ConsumerCrashEvent,
  ConsumerEndBatchProcessEvent,
  ConsumerEvents,
  ConsumerFetchEvent,
  ConsumerFetchStartEvent,
  ConsumerGroupJoinEvent,
  ConsumerHeartbeatEvent,
  ConsumerRebalancingEvent,
  ConsumerReceivedUnsubcribedTopicsEvent,
  ConsumerStartBatchProcessEvent,
} from './consumer-events.js'
import type {
  ConnectEvent,
  DisconnectEvent,
  InstrumentationEvent,
  RemoveInstrumentationEventListener,
  RequestEvent,
  RequestQueueSizeEvent,
  RequestTimeoutEvent,
  ValueOf,
} from './events.js'
import type { GroupDescription, PartitionAssigner } from './group.js'
import type { Logger } from './logging.js'
import type { Batch, KafkaMessage } from './message.js'
import type {
  Offsets,
  OffsetsByTopicPartition,
  TopicPartitionOffset,
  TopicPartitionOffsetAndMetadata,
  TopicPartitions,
} from './offsets.js'

/** The options of `kafka.consumer()`. @public */
export interface ConsumerConfig {
  /** The group to read as: its committed offsets and its members. */
  groupId: string
  /** The ways to divide partitions among members; the first that all members know. Default round robin. */
  partitionAssigners?: PartitionAssigner[]
  /** The time for which a topic's partitions are taken for known, ms. Default 300 000. */
  metadataMaxAge?: number
  /** The silence after which a member counts as dead, ms. Default 30 000. */
  sessionTimeout?: number
  /** The longest time members may take to rejoin, ms. Default 60 000. */
  rebalanceTimeout?: number
  /** The time between two looks at the group, ms; less than `sessionTimeout`. Default 3 000. */
  heartbeatInterval?: number
  /** Most bytes held per partition. Default 1 MiB. */
  maxBytesPerPartition?: number
  /** Fewest bytes a fetch waits for. Default 1. */
  minBytes?: number
  /** Most bytes held in all. Default 10 MiB. */
  maxBytes?: number
  /** Longest wait of a fetch, ms. Default 5 000. */
  maxWaitTimeInMs?: number
  /** The retries of failures, and whether to start again after a crash. Default 5 retries. */
  retry?: RetryOptions & { restartOnFailure?: (err: Error) => Promise<boolean> }
  /** True to create a topic that does not exist, where management can. Default true. */
  allowAutoTopicCreation?: boolean
  /** Not applied: links are asked by credit. */
  maxInFlightRequests?: number
  /** Not applied: Event Hubs has no open transactions to hide. */
  readUncommitted?: boolean
  /** Not applied: Event Hubs chooses the replica. */
  rackId?: string
}

/** The argument of `eachMessage`. @public */
export interface EachMessagePayload {
  /** The topic. */
  topic: string
  /** The partition. */
  partition: number
  /** The message. */
  message: KafkaMessage
  /** Tells the group that this handler lives. */
  heartbeat(): Promise<void>
  /** Pauses this partition; call the result to resume. */
  pause(): () => void
}

/** The argument of `eachBatch`. @public */
export interface EachBatchPayload {
  /** The messages. */
  batch: Batch
  /** Marks a message and all before it as handled. */
  resolveOffset(offset: string): void
  /** Tells the group that this handler lives. */
  heartbeat(): Promise<void>
  /** Pauses this partition; call the result to resume. */
  pause(): () => void
  /** Commits what is resolved if interval or threshold is reached; or the offsets given, in any case. */
  commitOffsetsIfNecessary(offsets?: Offsets): Promise<void>
  /** The offsets that are resolved and not committed. */
  uncommittedOffsets(): OffsetsByTopicPartition
  /** False once the consumer is stopping. */
  isRunning(): boolean
  /** True when a seek has made the batch obsolete. */
  isStale(): boolean
}

/** The older name of {@link EachMessagePayload}. @public */
export type ConsumerEachMessagePayload = EachMessagePayload

/** The older name of {@link EachBatchPayload}. @public */
export type ConsumerEachBatchPayload = EachBatchPayload

/** Handles a batch. @public */
export type EachBatchHandler = (payload: EachBatchPayload) => Promise<void>

/** Handles a message. @public */
export type EachMessageHandler = (payload: EachMessagePayload) => Promise<void>

/** The argument of `consumer.run`. @public */
export type ConsumerRunConfig = {
  /** Default true. */
  autoCommit?: boolean
  /** Ms; commits within a batch. Default none: at the end of each batch. */
  autoCommitInterval?: number | null
  /** Messages; commits within a batch. Default none: at the end of each batch. */
  autoCommitThreshold?: number | null
  /** True to resolve a batch as a whole when its handler resolves. Default true. */
  eachBatchAutoResolve?: boolean
  /** The number of partitions handled at once. Default 1. */
  partitionsConsumedConcurrently?: number
  eachBatch?: EachBatchHandler
  eachMessage?: EachMessageHandler
}

/**
 * The argument that `consumer.subscribe` took before kafkajs 2.
 *
 * @deprecated Use {@link ConsumerSubscribeTopics}.
 * @public
 */
export type ConsumerSubscribeTopic = { topic: string | RegExp; fromBeginning?: boolean }

/** The argument of `consumer.subscribe`. @public */
export type ConsumerSubscribeTopics = { topics: (string | RegExp)[]; fromBeginning?: boolean }

/** Reads topics as a member of a group. @public */
export type Consumer = {
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic): Promise<void>
  stop(): Promise<void>
  run(config?: ConsumerRunConfig): Promise<void>
  commitOffsets(topicPartitions: Array<TopicPartitionOffsetAndMetadata>): Promise<void>
  seek(topicPartitionOffset: TopicPartitionOffset): void
  describeGroup(): Promise<GroupDescription>
  pause(topics: Array<{ topic: string; partitions?: number[] }>): void
  paused(): TopicPartitions[]
  resume(topics: Array<{ topic: string; partitions?: number[] }>): void
  on(
    eventName: ConsumerEvents['HEARTBEAT'],
    listener: (event: ConsumerHeartbeatEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['COMMIT_OFFSETS'],
    listener: (event: ConsumerCommitOffsetsEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['GROUP_JOIN'],
    listener: (event: ConsumerGroupJoinEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['FETCH_START'],
    listener: (event: ConsumerFetchStartEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['FETCH'],
    listener: (event: ConsumerFetchEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['START_BATCH_PROCESS'],
    listener: (event: ConsumerStartBatchProcessEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['END_BATCH_PROCESS'],
    listener: (event: ConsumerEndBatchProcessEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['CONNECT'],
    listener: (event: ConnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['DISCONNECT'],
    listener: (event: DisconnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['STOP'],
    listener: (event: InstrumentationEvent<null>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['CRASH'],
    listener: (event: ConsumerCrashEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REBALANCING'],
    listener: (event: ConsumerRebalancingEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['RECEIVED_UNSUBSCRIBED_TOPICS'],
    listener: (event: ConsumerReceivedUnsubcribedTopicsEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST'],
    listener: (event: RequestEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST_TIMEOUT'],
    listener: (event: RequestTimeoutEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST_QUEUE_SIZE'],
    listener: (event: RequestQueueSizeEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ValueOf<ConsumerEvents>,
    // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract: the payload depends on the name
    listener: (event: InstrumentationEvent<any>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  logger(): Logger
  readonly events: ConsumerEvents
}

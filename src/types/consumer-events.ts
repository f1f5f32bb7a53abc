import type { InstrumentationEvent } from './events.js'
import type { TopicOffsets } from './offsets.js'

/** A consumer's events, by constant. @public */
export type ConsumerEvents = {
  HEARTBEAT: 'consumer.heartbeat'
  COMMIT_OFFSETS: 'consumer.commit_offsets'
  GROUP_JOIN: 'consumer.group_join'
  FETCH_START: 'consumer.fetch_start'
  FETCH: 'consumer.fetch'
  START_BATCH_PROCESS: 'consumer.start_batch_process'
  END_BATCH_PROCESS: 'consumer.end_batch_process'
  CONNECT: 'consumer.connect'
  DISCONNECT: 'consumer.disconnect'
  STOP: 'consumer.stop'
  CRASH: 'consumer.crash'
  REBALANCING: 'consumer.rebalancing'
  RECEIVED_UNSUBSCRIBED_TOPICS: 'consumer.received_unsubscribed_topics'
  REQUEST: 'consumer.network.request'
  REQUEST_TIMEOUT: 'consumer.network.request_timeout'
  REQUEST_QUEUE_SIZE: 'consumer.network.request_queue_size'
}

/** The handler's heartbeat was heard. @public */
export type ConsumerHeartbeatEvent = InstrumentationEvent<{
  groupId: string
  memberId: string
  groupGenerationId: number
}>

/** Offsets were committed. @public */
export type ConsumerCommitOffsetsEvent = InstrumentationEvent<{
  groupId: string
  memberId: string
  groupGenerationId: number
  topics: TopicOffsets[]
}>

/** Partitions by topic. @public */
export interface IMemberAssignment {
  /** The partitions of a topic. */
  [key: string]: number[]
}

/** The consumer has its partitions, and reads each from a known position. @public */
export type ConsumerGroupJoinEvent = InstrumentationEvent<{
  /** Ms. */
  duration: number
  groupId: string
  isLeader: boolean
  leaderId: string
  groupProtocol: string
  memberId: string
  memberAssignment: IMemberAssignment
}>

/** The consumer looks for messages. @public */
export type ConsumerFetchStartEvent = InstrumentationEvent<{ nodeId: number }>

/** The consumer has looked for messages. @public */
export type ConsumerFetchEvent = InstrumentationEvent<{
  numberOfBatches: number
  /** Ms. */
  duration: number
  nodeId: number
}>

/** A batch that is being handled. @public */
export interface IBatchProcessEvent {
  /** The topic. */
  topic: string
  /** The partition. */
  partition: number
  /** The offset the next message written will get. */
  highWatermark: string
  /** The number of messages that follow the last one. */
  offsetLag: string
  /** The number of messages that follow the first one. */
  offsetLagLow: string
  /** The number of messages. */
  batchSize: number
  /** Offset of the first. */
  firstOffset: string
  /** Offset of the last. */
  lastOffset: string
}

/** A batch is about to be handled. @public */
export type ConsumerStartBatchProcessEvent = InstrumentationEvent<IBatchProcessEvent>

/** A batch was handled; `duration` in ms. @public */
export type ConsumerEndBatchProcessEvent = InstrumentationEvent<IBatchProcessEvent & { duration: number }>

/** The consumer has given up; `restart` tells whether it starts again. @public */
export type ConsumerCrashEvent = InstrumentationEvent<{ error: Error; groupId: string; restart: boolean }>

/** Members or partitions have changed. @public */
export type ConsumerRebalancingEvent = InstrumentationEvent<{ groupId: string; memberId: string }>

/** The assignment named topics that were not subscribed to. (The spelling is kafkajs's.) @public */
export type ConsumerReceivedUnsubcribedTopicsEvent = InstrumentationEvent<{
  groupId: string
  generationId: number
  memberId: string
  assignedTopics: string[]
  topicsSubscribed: string[]
  topicsNotSubscribed: string[]
}>

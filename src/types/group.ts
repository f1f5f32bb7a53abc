import type { CompressionTypes } from './enums.js'
import type { Logger } from './logging.js'
import type { Message } from './message.js'
import type { TopicOffsets, TopicPartitions } from './offsets.js'
import type { PartitionMetadata } from './producer.js'
import type { ListPartitionReassignmentsResponse, PartitionReassignment } from './reassignment.js'

/** Members of `T` that `U` has not, forbidden. @public */
export type Without<T, U> = { [P in Exclude<keyof T, keyof U>]?: never }

/** Either of two shapes, not both. @public */
export type XOR<T, U> = T | U extends object ? (Without<T, U> & U) | (Without<U, T> & T) : T | U

/** The coordinator of a group. @public */
export interface CoordinatorMetadata {
  /** 0: none. */
  errorCode: number
  /** The namespace. */
  coordinator: { nodeId: number; host: string; port: number }
}

/** The parts of a cluster: the namespace as one broker, and topics. @public */
export interface BrokerMetadata {
  /** The namespace. */
  brokers: Array<{ nodeId: number; host: string; port: number; rack?: string }>
  /** The topics asked for. */
  topicMetadata: Array<{ topicErrorCode: number; topic: string; partitionMetadata: PartitionMetadata[] }>
}

/** Versions of Kafka's requests that a broker speaks. @public */
export interface ApiVersions {
  /** The versions by API key. */
  [apiKey: number]: { minVersion: number; maxVersion: number }
}

/** kafkajs's inner broker, as assigners may meet it through `Cluster`. @public */
export type Broker = {
  isConnected(): boolean
  connect(): Promise<void>
  disconnect(): Promise<void>
  apiVersions(): Promise<ApiVersions>
  metadata(topics: string[]): Promise<BrokerMetadata>
  // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract
  describeGroups: (options: { groupIds: string[] }) => Promise<any>
  offsetCommit(request: {
    groupId: string
    groupGenerationId: number
    memberId: string
    retentionTime?: number
    topics: TopicOffsets[]
    // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract
  }): Promise<any>
  offsetFetch(request: { groupId: string; topics: TopicOffsets[] }): Promise<{ responses: TopicOffsets[] }>
  fetch(request: {
    replicaId?: number
    isolationLevel?: number
    maxWaitTime?: number
    minBytes?: number
    maxBytes?: number
    topics: Array<{
      topic: string
      partitions: Array<{ partition: number; fetchOffset: string; maxBytes: number }>
    }>
    rackId?: string
    // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract
  }): Promise<any>
  produce(request: {
    topicData: Array<{
      topic: string
      partitions: Array<{ partition: number; firstSequence?: number; messages: Message[] }>
    }>
    transactionalId?: string
    producerId?: number
    producerEpoch?: number
    acks?: number
    timeout?: number
    compression?: CompressionTypes
    // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract
  }): Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract
  alterPartitionReassignments(request: { topics: PartitionReassignment[]; timeout?: number }): Promise<any>
  listPartitionReassignments(request: {
    topics?: TopicPartitions[]
    timeout?: number
  }): Promise<ListPartitionReassignmentsResponse>
}

/** kafkajs's inner cluster, as assigners get it. @public */
export type Cluster = {
  getNodeIds(): number[]
  metadata(): Promise<BrokerMetadata>
  removeBroker(options: { host: string; port: number }): void
  addMultipleTargetTopics(topics: string[]): Promise<void>
  isConnected(): boolean
  connect(): Promise<void>
  disconnect(): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  findBroker(node: { nodeId: string }): Promise<Broker>
  findControllerBroker(): Promise<Broker>
  findTopicPartitionMetadata(topic: string): PartitionMetadata[]
  findLeaderForPartitions(topic: string, partitions: number[]): { [leader: string]: number[] }
  findGroupCoordinator(group: { groupId: string }): Promise<Broker>
  findGroupCoordinatorMetadata(group: { groupId: string }): Promise<CoordinatorMetadata>
  defaultOffset(config: { fromBeginning: boolean }): number
  fetchTopicsOffset(
    topics: Array<
      { topic: string; partitions: Array<{ partition: number }> } & XOR<
        { fromBeginning: boolean },
        { fromTimestamp: number }
      >
    >,
  ): Promise<TopicOffsets[]>
}

/** Partitions by topic. @public */
export type Assignment = { [topic: string]: number[] }

/** A member of a group, with the metadata its assigner's `protocol()` made. @public */
export type GroupMember = { memberId: string; memberMetadata: Buffer }

/** The share of a member, encoded by `AssignerProtocol.MemberAssignment`. @public */
export type GroupMemberAssignment = { memberId: string; memberAssignment: Buffer }

/** An assigner's name, and what this member tells the others. @public */
export type GroupState = { name: string; metadata: Buffer }

/**
 * Divides partitions among members. Every member runs it on the same input, so `assign` must be deterministic.
 *
 * @public
 */
export type Assigner = {
  name: string
  version: number
  assign(group: { members: GroupMember[]; topics: string[] }): Promise<GroupMemberAssignment[]>
  protocol(subscription: { topics: string[] }): GroupState
}

/** Makes an assigner. @public */
export type PartitionAssigner = (config: { cluster: Cluster; groupId: string; logger: Logger }) => Assigner

/** The metadata a member tells the others. @public */
export type MemberMetadata = { version: number; topics: string[]; userData: Buffer }

/** The partitions a member is given. @public */
export type MemberAssignment = { version: number; assignment: Assignment; userData: Buffer }

/** Turns a value into Kafka's bytes and back. @public */
export interface ISerializer<T> {
  /** The bytes. */
  encode(value: T): Buffer
  /** The value; null where there is none. */
  decode(buffer: Buffer): T | null
}

/** A group as one of its members sees it. @public */
export type ConsumerGroup = { groupId: string; generationId: number; memberId: string; coordinator: Broker }

/** A member of a described group. @public */
export type MemberDescription = {
  clientHost: string
  clientId: string
  memberId: string
  memberAssignment: Buffer
  memberMetadata: Buffer
}

/** The state of a group. @public */
export type ConsumerGroupState = 'Unknown' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead' | 'Empty'

/** A described group. @public */
export type GroupDescription = {
  groupId: string
  members: MemberDescription[]
  protocol: string
  protocolType: string
  state: ConsumerGroupState
}

/** Described groups. @public */
export type GroupDescriptions = { groups: GroupDescription[] }

/** A group as `admin.listGroups` tells it. @public */
export type GroupOverview = { groupId: string; protocolType: string }

import type { EventHub } from './model/hub.js'
import type { Partition } from './model/partition.js'

/** A publisher's or reader's access to an event hub, which faults may strike. */
export interface Access {
  readonly direction: 'send' | 'receive'
  readonly eventHub: EventHub
  /** Undefined for who publishes to the event hub as a whole. */
  readonly partition: Partition | undefined
  readonly consumerGroup: string | undefined
}

/** Names what a fault strikes; what is left out matches everything. @public */
export interface FaultFilter {
  /** Name of the event hub; case does not matter. */
  hub?: string
  /** Id of the partition. */
  partition?: string | number
  /** Name of the consumer group; only readers have one. */
  group?: string
  /** `send`: who publishes. `receive`: who reads. */
  direction?: 'send' | 'receive'
}

/** True for a filter that names an access, open or about to be. Names compare without case. */
export function fits(access: Access, filter: FaultFilter): boolean {
  const { hub, partition, group, direction } = filter
  return (
    (direction === undefined || access.direction === direction) &&
    (hub === undefined || sameName(access.eventHub.name, hub)) &&
    (partition === undefined || access.partition?.id === String(partition)) &&
    (group === undefined || sameName(access.consumerGroup ?? '', group))
  )
}

/** Names the Kafka answers to turn into an error; what is left out matches everything. @public */
export interface KafkaErrorOptions {
  /** Name of the API as the protocol has it, e.g. `Produce` or `JoinGroup`. */
  api: string
  /** Name of the event hub; case does not matter. */
  hub?: string
  /** Number of the partition. */
  partition?: string | number
  /** Group id. */
  group?: string
  /** Number of the error, e.g. 6 for NOT_LEADER_OR_FOLLOWER. */
  code: number
  /** The number of times. Default: every one, until cleared. */
  times?: number
}

/** The access that a part of a Kafka request is about. */
export interface KafkaAccess {
  readonly api: string
  readonly hub?: string
  readonly partition?: number
  readonly group?: string
}

/** True for an error of the Kafka endpoint that is meant for a part of a request. */
export function fitsKafka(access: KafkaAccess, { api, hub, partition, group }: KafkaErrorOptions): boolean {
  return (
    sameName(access.api, api) &&
    (hub === undefined || sameName(access.hub ?? '', hub)) &&
    (partition === undefined || access.partition === Number(partition)) &&
    (group === undefined || access.group === group)
  )
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

import type { KafkaJSErrorMetadata, KafkaJSOffsetOutOfRangeMetadata } from '../types/error-metadata.js'
import { brand, fieldOf, KafkaJSError, type KafkaJSErrorOrigin } from './base.js'

/** The service refused a request; `type` and `code` are Kafka's. @public */
export class KafkaJSProtocolError extends KafkaJSError {
  /** Kafka's name of the error, e.g. `MESSAGE_TOO_LARGE`. */
  declare readonly type: string
  /** Kafka's number of the error. */
  declare readonly code: number

  /** Takes an error with `type`, `code` and `retriable`; `createProtocolError` makes one by type. */
  constructor(e: KafkaJSErrorOrigin = '', { retriable, cause }: KafkaJSErrorMetadata = {}) {
    super(e, { retriable: retriable ?? (fieldOf(e, 'retriable') as boolean | undefined) ?? true, cause })
    Object.assign(this, { type: fieldOf(e, 'type'), code: fieldOf(e, 'code'), name: 'KafkaJSProtocolError' })
  }
}
brand(KafkaJSProtocolError, 'KafkaJSProtocolError')

/** An offset that the partition no longer has, or not yet. @public */
export class KafkaJSOffsetOutOfRange extends KafkaJSProtocolError {
  /** The topic. */
  declare readonly topic: string
  /** The partition. */
  declare readonly partition: number

  /** Takes a protocol error and where it happened. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { topic, partition, cause }: Partial<KafkaJSOffsetOutOfRangeMetadata> & { cause?: unknown } = {},
  ) {
    super(e, { cause })
    Object.assign(this, { topic, partition, name: 'KafkaJSOffsetOutOfRange' })
  }
}
brand(KafkaJSOffsetOutOfRange, 'KafkaJSOffsetOutOfRange')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSMemberIdRequired extends KafkaJSProtocolError {
  /** The member id to join with. */
  declare readonly memberId: string

  /** Takes a protocol error and the member id. */
  constructor(e: KafkaJSErrorOrigin = '', { memberId }: { memberId?: string } = {}) {
    super(e)
    Object.assign(this, { memberId, name: 'KafkaJSMemberIdRequired' })
  }
}
brand(KafkaJSMemberIdRequired, 'KafkaJSMemberIdRequired')

/** A topic that could not be created. @public */
export class KafkaJSCreateTopicError extends KafkaJSProtocolError {
  /** The topic. */
  declare readonly topic: string

  /** Takes a protocol error and the topic. */
  constructor(e: KafkaJSErrorOrigin = '', topicName = '', { cause }: { cause?: unknown } = {}) {
    super(e, { cause })
    Object.assign(this, { topic: topicName, name: 'KafkaJSCreateTopicError' })
  }
}
brand(KafkaJSCreateTopicError, 'KafkaJSCreateTopicError')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSAlterPartitionReassignmentsError extends KafkaJSProtocolError {
  /** The topic. */
  declare readonly topic?: string
  /** The partition. */
  declare readonly partition?: number

  /** Takes a protocol error and where it happened. */
  constructor(e: KafkaJSErrorOrigin = '', topicName?: string, partition?: number) {
    super(e)
    Object.assign(this, { topic: topicName, partition, name: 'KafkaJSAlterPartitionReassignmentsError' })
  }
}
brand(KafkaJSAlterPartitionReassignmentsError, 'KafkaJSAlterPartitionReassignmentsError')

/** Kafka's name of an error, e.g. `MESSAGE_TOO_LARGE`; empty for one that has none. */
export function protocolTypeOf(error: unknown): string {
  const type = fieldOf(error, 'type')
  return typeof type === 'string' ? type : ''
}

/** True for an error after which the group must be joined anew. */
export function isRebalancing(error: unknown): boolean {
  const type = fieldOf(error, 'type')
  return type === 'REBALANCE_IN_PROGRESS' || type === 'NOT_COORDINATOR_FOR_GROUP' || type === 'ILLEGAL_GENERATION'
}

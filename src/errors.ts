import type {
  KafkaJSConnectionErrorMetadata,
  KafkaJSErrorMetadata,
  KafkaJSNumberOfRetriesExceededMetadata,
  KafkaJSOffsetOutOfRangeMetadata,
  KafkaJSRequestTimeoutErrorMetadata,
  KafkaJSServerDoesNotSupportApiKeyMetadata,
  KafkaJSStaleTopicMetadataAssignmentMetadata,
  KafkaJSTopicMetadataNotLoadedMetadata,
} from './types/error-metadata.js'
import type { PartitionMetadata } from './types/producer.js'
import { redact, redactError } from './util/redact.js'

/** What the constructors of the family take first: a text, or an error whose text and fields are taken over. @public */
export type KafkaJSErrorOrigin = Error | string | { readonly message: string }

const brandOf = (name: string) => Symbol.for(`kafkajs-eventhubs.${name}`)

/**
 * Marks a class and its instances, so that `instanceof` holds between the ESM and the CJS copy of this package, which
 * one process may load both. Subclasses made by users have no mark of their own and behave as ever.
 */
function brand(errorClass: abstract new (...args: never[]) => Error, name: string): void {
  const symbol = brandOf(name)
  Object.defineProperty(errorClass.prototype, symbol, { value: true })
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this, value)
      return typeof value === 'object' && value !== null && symbol in value
    },
  })
}

const fieldOf = (origin: unknown, field: string): unknown =>
  typeof origin === 'object' && origin !== null ? (origin as Record<string, unknown>)[field] : undefined

const textOf = (origin: unknown): string =>
  redact(String(fieldOf(origin, 'message') || (origin instanceof Error ? origin.name : (origin ?? ''))))

/** The root of the family: everything this package throws, but for wrong argument types. @public */
export class KafkaJSError extends Error {
  /** The class in the family. */
  declare readonly name: string
  /** Whether trying again may help. */
  declare readonly retriable: boolean
  /** Where to read on. */
  declare readonly helpUrl?: string
  /** The error beneath. */
  declare readonly cause?: Error

  /** Takes a text or an error, and by default counts as retriable. */
  constructor(e: KafkaJSErrorOrigin = '', { retriable = true, cause }: KafkaJSErrorMetadata = {}) {
    super(textOf(e), { cause: cause instanceof Error ? redactError(cause) : cause })
    Error.captureStackTrace?.(this, new.target)
    Object.assign(this, { name: 'KafkaJSError', retriable, helpUrl: fieldOf(e, 'helpUrl') })
  }
}
brand(KafkaJSError, 'KafkaJSError')

/** Trying again will not help. @public */
export class KafkaJSNonRetriableError extends KafkaJSError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', { cause }: { cause?: unknown } = {}) {
    super(e, { retriable: false, cause })
    Object.assign(this, { name: 'KafkaJSNonRetriableError' })
  }
}
brand(KafkaJSNonRetriableError, 'KafkaJSNonRetriableError')

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

/** Every retry failed; `cause` is the last failure. @public */
export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  /** How many retries there were. */
  declare readonly retryCount: number
  /** The last wait, ms. */
  declare readonly retryTime: number
  /** The stack of the last failure. */
  declare readonly stack: string

  /** Takes the last failure. */
  constructor(e: Error | string = '', { retryCount, retryTime }: Partial<KafkaJSNumberOfRetriesExceededMetadata> = {}) {
    super(e, { cause: e })
    Object.assign(this, {
      stack: `KafkaJSNonRetriableError\n  Caused by: ${redact(String(fieldOf(e, 'stack')))}`,
      retryCount,
      retryTime,
      name: 'KafkaJSNumberOfRetriesExceeded',
    })
  }
}
brand(KafkaJSNumberOfRetriesExceeded, 'KafkaJSNumberOfRetriesExceeded')

/** No connection, or one that broke. @public */
export class KafkaJSConnectionError extends KafkaJSError {
  /** `host:port`. */
  declare readonly broker: string
  /** Node's error code, e.g. `ECONNREFUSED`. */
  declare readonly code?: string

  /** Takes what happened and to whom. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { broker, code, retriable, cause }: KafkaJSConnectionErrorMetadata & { retriable?: boolean; cause?: unknown } = {},
  ) {
    super(e, { ...(retriable !== undefined && { retriable }), cause })
    Object.assign(this, { broker, code, name: 'KafkaJSConnectionError' })
  }
}
brand(KafkaJSConnectionError, 'KafkaJSConnectionError')

/** The service closed the connection. @public */
export class KafkaJSConnectionClosedError extends KafkaJSConnectionError {
  /** Host. */
  declare readonly host: string
  /** Port. */
  declare readonly port: number

  /** Takes what happened and to whom. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { host, port, cause }: { host?: string; port?: number; cause?: unknown } = {},
  ) {
    super(e, { broker: `${host}:${port}`, cause })
    Object.assign(this, { host, port, name: 'KafkaJSConnectionClosedError' })
  }
}
brand(KafkaJSConnectionClosedError, 'KafkaJSConnectionClosedError')

/** An operation took longer than `requestTimeout`. @public */
export class KafkaJSRequestTimeoutError extends KafkaJSError {
  /** `host:port`. */
  declare readonly broker: string
  /** Number of the operation. */
  declare readonly correlationId: number
  /** Ms since the epoch. */
  declare readonly createdAt: number
  /** Ms since the epoch. */
  declare readonly sentAt: number
  /** Ms. */
  declare readonly pendingDuration: number

  /** Takes what timed out, and when it was begun. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    {
      broker,
      correlationId,
      createdAt,
      sentAt,
      pendingDuration,
      cause,
    }: Partial<KafkaJSRequestTimeoutErrorMetadata> & { cause?: unknown } = {},
  ) {
    super(e, { cause })
    Object.assign(this, {
      broker,
      correlationId,
      createdAt,
      sentAt,
      pendingDuration,
      name: 'KafkaJSRequestTimeoutError',
    })
  }
}
brand(KafkaJSRequestTimeoutError, 'KafkaJSRequestTimeoutError')

/** The cluster is not known yet. @public */
export class KafkaJSMetadataNotLoaded extends KafkaJSError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: KafkaJSErrorMetadata = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSMetadataNotLoaded' })
  }
}
brand(KafkaJSMetadataNotLoaded, 'KafkaJSMetadataNotLoaded')

/** The topic is not known yet. @public */
export class KafkaJSTopicMetadataNotLoaded extends KafkaJSMetadataNotLoaded {
  /** The topic. */
  declare readonly topic: string

  /** Takes a text or an error, and the topic. */
  constructor(e: KafkaJSErrorOrigin = '', { topic }: Partial<KafkaJSTopicMetadataNotLoadedMetadata> = {}) {
    super(e)
    Object.assign(this, { topic, name: 'KafkaJSTopicMetadataNotLoaded' })
  }
}
brand(KafkaJSTopicMetadataNotLoaded, 'KafkaJSTopicMetadataNotLoaded')

/** An assignment made before the topic grew. @public */
export class KafkaJSStaleTopicMetadataAssignment extends KafkaJSError {
  /** The topic. */
  declare readonly topic: string
  /** Partitions that were not known before (kafkajs declares a number and gives the array). */
  declare readonly unknownPartitions: PartitionMetadata[] & number

  /** Takes a text or an error, and what has changed. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { topic, unknownPartitions }: Partial<KafkaJSStaleTopicMetadataAssignmentMetadata> = {},
  ) {
    super(e)
    Object.assign(this, { topic, unknownPartitions, name: 'KafkaJSStaleTopicMetadataAssignment' })
  }
}
brand(KafkaJSStaleTopicMetadataAssignment, 'KafkaJSStaleTopicMetadataAssignment')

/** What became of a group that was to be deleted. @public */
export type DeleteGroupsResult = { groupId: string; errorCode?: number; error?: KafkaJSProtocolError }

/** A group that could not be deleted. @public */
export interface KafkaJSDeleteGroupsErrorGroups {
  /** The group. */
  groupId: string
  /** Kafka's error code. */
  errorCode: number
  /** Why. */
  error: KafkaJSError
}

/** Some groups could not be deleted; the others are. @public */
export class KafkaJSDeleteGroupsError extends KafkaJSError {
  /** Those that could not. */
  declare readonly groups: DeleteGroupsResult[]

  /** Takes a text or an error, and the groups. */
  constructor(e: KafkaJSErrorOrigin = '', groups: KafkaJSDeleteGroupsErrorGroups[] = []) {
    super(e)
    Object.assign(this, { groups, name: 'KafkaJSDeleteGroupsError' })
  }
}
brand(KafkaJSDeleteGroupsError, 'KafkaJSDeleteGroupsError')

/** A partition whose records could not be deleted. @public */
export interface KafkaJSDeleteTopicRecordsErrorPartition {
  /** The partition. */
  partition: number
  /** Up to where. */
  offset: string
  /** Why. */
  error: KafkaJSError
}

/** A topic whose records could not be deleted. @public */
export interface KafkaJSDeleteTopicRecordsErrorTopic {
  /** The topic. */
  topic: string
  /** By partition. */
  partitions: KafkaJSDeleteTopicRecordsErrorPartition[]
}

/** Records could not be deleted; retriable if every partition's error is. @public */
export class KafkaJSDeleteTopicRecordsError extends KafkaJSError {
  /** By partition. */
  declare readonly partitions: KafkaJSDeleteTopicRecordsErrorPartition[]

  /** Takes the partitions, with their errors. */
  constructor({ partitions }: { topic?: string; partitions: KafkaJSDeleteTopicRecordsErrorPartition[] }) {
    const failed = partitions.filter(({ error }) => Boolean(error))
    super('Error while deleting records', { retriable: failed.every(({ error }) => error.retriable === true) })
    Object.assign(this, { name: 'KafkaJSDeleteTopicRecordsError', partitions })
  }
}
brand(KafkaJSDeleteTopicRecordsError, 'KafkaJSDeleteTopicRecordsError')

/** No such broker or partition. @public */
export class KafkaJSBrokerNotFound extends KafkaJSError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: KafkaJSErrorMetadata = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSBrokerNotFound' })
  }
}
brand(KafkaJSBrokerNotFound, 'KafkaJSBrokerNotFound')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSNoBrokerAvailableError extends KafkaJSError {
  /** Takes nothing. */
  constructor() {
    super('No broker available')
    Object.assign(this, { name: 'KafkaJSNoBrokerAvailableError' })
  }
}
brand(KafkaJSNoBrokerAvailableError, 'KafkaJSNoBrokerAvailableError')

/** A message was cut short. @public */
export class KafkaJSPartialMessageError extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSPartialMessageError' })
  }
}
brand(KafkaJSPartialMessageError, 'KafkaJSPartialMessageError')

/** Credentials are missing, wrong or not allowed. @public */
export class KafkaJSSASLAuthenticationError extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSSASLAuthenticationError' })
  }
}
brand(KafkaJSSASLAuthenticationError, 'KafkaJSSASLAuthenticationError')

/** Nobody coordinates the group. @public */
export class KafkaJSGroupCoordinatorNotFound extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSGroupCoordinatorNotFound' })
  }
}
brand(KafkaJSGroupCoordinatorNotFound, 'KafkaJSGroupCoordinatorNotFound')

/** Kafka has it, and Event Hubs over AMQP has not; the message names the way out. @public */
export class KafkaJSNotImplemented extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSNotImplemented' })
  }
}
brand(KafkaJSNotImplemented, 'KafkaJSNotImplemented')

/** Something took too long. @public */
export class KafkaJSTimeout extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSTimeout' })
  }
}
brand(KafkaJSTimeout, 'KafkaJSTimeout')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSLockTimeout extends KafkaJSTimeout {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSLockTimeout' })
  }
}
brand(KafkaJSLockTimeout, 'KafkaJSLockTimeout')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSUnsupportedMagicByteInMessageSet extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSUnsupportedMagicByteInMessageSet' })
  }
}
brand(KafkaJSUnsupportedMagicByteInMessageSet, 'KafkaJSUnsupportedMagicByteInMessageSet')

/** The service does not know a request. @public */
export class KafkaJSServerDoesNotSupportApiKey extends KafkaJSNonRetriableError {
  /** Number of the request. */
  declare readonly apiKey: number
  /** Name of the request. */
  declare readonly apiName: string

  /** Takes a text or an error, and the request. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { apiKey, apiName }: Partial<KafkaJSServerDoesNotSupportApiKeyMetadata> = {},
  ) {
    super(e)
    Object.assign(this, { apiKey, apiName, name: 'KafkaJSServerDoesNotSupportApiKey' })
  }
}
brand(KafkaJSServerDoesNotSupportApiKey, 'KafkaJSServerDoesNotSupportApiKey')

/** This package is wrong about itself: a bug. @public */
export class KafkaJSInvariantViolation extends KafkaJSNonRetriableError {
  /** Takes what should have been. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(`Invariant violated: ${textOf(e)}. This is likely a bug and should be reported.`, metadata)
    Object.assign(this, { name: 'KafkaJSInvariantViolation' })
  }
}
brand(KafkaJSInvariantViolation, 'KafkaJSInvariantViolation')

/** Part of kafkajs's family; this package does not throw it. Its `name` is that of its parent, as in kafkajs. @public */
export class KafkaJSInvalidVarIntError extends KafkaJSNonRetriableError {}
brand(KafkaJSInvalidVarIntError, 'KafkaJSInvalidVarIntError')

/** Part of kafkajs's family; this package does not throw it. Its `name` is that of its parent, as in kafkajs. @public */
export class KafkaJSInvalidLongError extends KafkaJSNonRetriableError {}
brand(KafkaJSInvalidLongError, 'KafkaJSInvalidLongError')

/** Several things failed. Not a {@link KafkaJSError}, as in kafkajs. @public */
export class KafkaJSAggregateError extends Error {
  /** What failed. */
  declare readonly errors: (Error | string)[]

  /** Takes a text and the errors. */
  constructor(message: Error | string, errors: (Error | string)[]) {
    super(textOf(message))
    Object.assign(this, { errors, name: 'KafkaJSAggregateError' })
  }
}
brand(KafkaJSAggregateError, 'KafkaJSAggregateError')

/** Part of kafkajs's family; this package does not throw it. Not a {@link KafkaJSError}, as in kafkajs. @public */
export class KafkaJSFetcherRebalanceError extends Error {}
brand(KafkaJSFetcherRebalanceError, 'KafkaJSFetcherRebalanceError')

/** Whether a value is an error of the family, whichever copy of this package made it. @public */
export function isKafkaJSError(value: unknown): value is KafkaJSError {
  return value instanceof KafkaJSError
}

/** Whether the group must be joined anew. */
export function isRebalancing(error: unknown): boolean {
  const type = fieldOf(error, 'type')
  return type === 'REBALANCE_IN_PROGRESS' || type === 'NOT_COORDINATOR_FOR_GROUP' || type === 'ILLEGAL_GENERATION'
}

import { brand, KafkaJSError, type KafkaJSErrorOrigin } from './base.js'
import type { KafkaJSProtocolError } from './protocol.js'

/** The outcome for a group that was to be deleted. @public */
export type DeleteGroupsResult = { groupId: string; errorCode?: number; error?: KafkaJSProtocolError }

/** A group that could not be deleted. @public */
export interface KafkaJSDeleteGroupsErrorGroups {
  /** The group. */
  groupId: string
  /** Kafka's error code. */
  errorCode: number
  /** The error. */
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
  /** The error. */
  error: KafkaJSError
}

/** A topic whose records could not be deleted. @public */
export interface KafkaJSDeleteTopicRecordsErrorTopic {
  /** The topic. */
  topic: string
  /** The entries by partition. */
  partitions: KafkaJSDeleteTopicRecordsErrorPartition[]
}

/** Records could not be deleted; retriable if every partition's error is. @public */
export class KafkaJSDeleteTopicRecordsError extends KafkaJSError {
  /** The entries by partition. */
  declare readonly partitions: KafkaJSDeleteTopicRecordsErrorPartition[]

  /** Takes the partitions, with their errors. */
  constructor({ partitions }: { topic?: string; partitions: KafkaJSDeleteTopicRecordsErrorPartition[] }) {
    const failed = partitions.filter(({ error }) => Boolean(error))
    super('Error while deleting records', { retriable: failed.every(({ error }) => error.retriable === true) })
    Object.assign(this, { name: 'KafkaJSDeleteTopicRecordsError', partitions })
  }
}
brand(KafkaJSDeleteTopicRecordsError, 'KafkaJSDeleteTopicRecordsError')

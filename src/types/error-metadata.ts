import type { PartitionMetadata } from './producer.js'

/** The metadata of errors in general. @public */
export interface KafkaJSErrorMetadata {
  /** True when trying again may help. Default true. */
  retriable?: boolean
  /** The topic. */
  topic?: string
  /** The partition. */
  partitionId?: number
  /** The metadata that is known of the partition. */
  metadata?: PartitionMetadata
  /** The error beneath. */
  cause?: unknown
}

/** The metadata of `KafkaJSOffsetOutOfRange`. @public */
export interface KafkaJSOffsetOutOfRangeMetadata {
  /** The topic. */
  topic: string
  /** The partition. */
  partition: number
}

/** The metadata of `KafkaJSNumberOfRetriesExceeded`. @public */
export interface KafkaJSNumberOfRetriesExceededMetadata {
  /** The number of retries there were. */
  retryCount: number
  /** The last wait, ms. */
  retryTime: number
}

/** The metadata of `KafkaJSConnectionError`. @public */
export interface KafkaJSConnectionErrorMetadata {
  /** `host:port`. */
  broker?: string
  /** Node's error code, e.g. `ECONNREFUSED`. */
  code?: string
}

/** The metadata of `KafkaJSRequestTimeoutError`. @public */
export interface KafkaJSRequestTimeoutErrorMetadata {
  /** `host:port`. */
  broker: string
  /** The name this program goes by. */
  clientId: string
  /** Number of the operation. */
  correlationId: number
  /** Ms since the epoch. */
  createdAt: number
  /** Ms since the epoch. */
  sentAt: number
  /** Ms. */
  pendingDuration: number
}

/** The metadata of `KafkaJSTopicMetadataNotLoaded`. @public */
export interface KafkaJSTopicMetadataNotLoadedMetadata {
  /** The topic. */
  topic: string
}

/** The metadata of `KafkaJSStaleTopicMetadataAssignment`. @public */
export interface KafkaJSStaleTopicMetadataAssignmentMetadata {
  /** The topic. */
  topic: string
  /** Partitions that were not known before. */
  unknownPartitions: PartitionMetadata[]
}

/** The metadata of `KafkaJSServerDoesNotSupportApiKey`. @public */
export interface KafkaJSServerDoesNotSupportApiKeyMetadata {
  /** Number of the request. */
  apiKey: number
  /** Name of the request. */
  apiName: string
}

import type {
  KafkaJSErrorMetadata,
  KafkaJSStaleTopicMetadataAssignmentMetadata,
  KafkaJSTopicMetadataNotLoadedMetadata,
} from '../types/error-metadata.js'
import type { PartitionMetadata } from '../types/producer.js'
import { brand, KafkaJSError, type KafkaJSErrorOrigin } from './base.js'

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

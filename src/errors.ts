/** kafkajs's whole family of errors. One file per kind in `errors/`. */
export {
  type DeleteGroupsResult,
  KafkaJSDeleteGroupsError,
  type KafkaJSDeleteGroupsErrorGroups,
  KafkaJSDeleteTopicRecordsError,
  type KafkaJSDeleteTopicRecordsErrorPartition,
  type KafkaJSDeleteTopicRecordsErrorTopic,
} from './errors/admin.js'
export { KafkaJSAggregateError, KafkaJSFetcherRebalanceError } from './errors/aggregate.js'
export { isKafkaJSError, KafkaJSError, type KafkaJSErrorOrigin, KafkaJSNonRetriableError } from './errors/base.js'
export {
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSRequestTimeoutError,
} from './errors/connection.js'
export {
  KafkaJSBrokerNotFound,
  KafkaJSMetadataNotLoaded,
  KafkaJSNoBrokerAvailableError,
  KafkaJSStaleTopicMetadataAssignment,
  KafkaJSTopicMetadataNotLoaded,
} from './errors/metadata.js'
export {
  KafkaJSGroupCoordinatorNotFound,
  KafkaJSInvalidLongError,
  KafkaJSInvalidVarIntError,
  KafkaJSInvariantViolation,
  KafkaJSLockTimeout,
  KafkaJSNotImplemented,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSPartialMessageError,
  KafkaJSSASLAuthenticationError,
  KafkaJSServerDoesNotSupportApiKey,
  KafkaJSTimeout,
  KafkaJSUnsupportedMagicByteInMessageSet,
} from './errors/non-retriable.js'
export {
  isRebalancing,
  KafkaJSAlterPartitionReassignmentsError,
  KafkaJSCreateTopicError,
  KafkaJSMemberIdRequired,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
} from './errors/protocol.js'

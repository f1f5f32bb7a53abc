/** kafkajs's whole family of errors. One file per kind in `errors/`. */
export {
  type DeleteGroupsResult,
  KafkaJSDeleteGroupsError,
  type KafkaJSDeleteGroupsErrorGroups,
  KafkaJSDeleteTopicRecordsError,
  type KafkaJSDeleteTopicRecordsErrorPartition,
  type KafkaJSDeleteTopicRecordsErrorTopic,
} from './admin.js'
export { KafkaJSAggregateError, KafkaJSFetcherRebalanceError } from './aggregate.js'
export { isKafkaJSError, KafkaJSError, type KafkaJSErrorOrigin, KafkaJSNonRetriableError } from './base.js'
export {
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSRequestTimeoutError,
} from './connection.js'
export {
  KafkaJSBrokerNotFound,
  KafkaJSMetadataNotLoaded,
  KafkaJSNoBrokerAvailableError,
  KafkaJSStaleTopicMetadataAssignment,
  KafkaJSTopicMetadataNotLoaded,
} from './metadata.js'
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
} from './non-retriable.js'
export {
  isRebalancing,
  KafkaJSAlterPartitionReassignmentsError,
  KafkaJSCreateTopicError,
  KafkaJSMemberIdRequired,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
  protocolTypeOf,
} from './protocol.js'

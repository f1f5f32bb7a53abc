import { KafkaJSProtocolError } from './index.js'

/** A row of Kafka's table of errors. */
export interface ProtocolErrorRow {
  readonly type: string
  readonly code: number
  readonly retriable: boolean
  readonly message: string
  readonly helpUrl?: string
}

const row = (code: number, type: string, message: string, retriable = false): ProtocolErrorRow => ({
  type,
  code,
  retriable,
  message,
})
const retriable = (code: number, type: string, message: string) => row(code, type, message, true)

/** Kafka's errors by code, as kafkajs 2.2.4 knows them. */
const rows: readonly ProtocolErrorRow[] = [
  row(-1, 'UNKNOWN', 'The service met an unexpected error while processing the request'),
  row(1, 'OFFSET_OUT_OF_RANGE', 'The requested offset is not within the range of offsets maintained by the server'),
  retriable(2, 'CORRUPT_MESSAGE', 'The message is corrupt: its checksum or size is wrong'),
  retriable(3, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition'),
  row(4, 'INVALID_FETCH_SIZE', 'The requested fetch size is invalid'),
  retriable(5, 'LEADER_NOT_AVAILABLE', 'The topic-partition has no leader at the moment'),
  retriable(6, 'NOT_LEADER_FOR_PARTITION', 'This server is not the leader of the topic-partition'),
  retriable(7, 'REQUEST_TIMED_OUT', 'The request timed out'),
  row(8, 'BROKER_NOT_AVAILABLE', 'The broker is not available'),
  retriable(9, 'REPLICA_NOT_AVAILABLE', 'The replica is not available for the topic-partition'),
  row(10, 'MESSAGE_TOO_LARGE', 'The message is larger than the service accepts'),
  row(11, 'STALE_CONTROLLER_EPOCH', 'The controller has moved to another broker'),
  row(12, 'OFFSET_METADATA_TOO_LARGE', 'The metadata of the offset is too large'),
  retriable(13, 'NETWORK_EXCEPTION', 'The connection ended before a response was received'),
  retriable(14, 'GROUP_LOAD_IN_PROGRESS', 'The group is being loaded and cannot be served yet'),
  retriable(15, 'GROUP_COORDINATOR_NOT_AVAILABLE', 'The coordinator of the group is not available'),
  retriable(16, 'NOT_COORDINATOR_FOR_GROUP', 'This server does not coordinate the group'),
  row(17, 'INVALID_TOPIC_EXCEPTION', 'The request attempted to perform an operation on an invalid topic'),
  row(18, 'RECORD_LIST_TOO_LARGE', 'The batch is larger than the service accepts'),
  retriable(19, 'NOT_ENOUGH_REPLICAS', 'There are fewer replicas in sync than required'),
  retriable(20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'The messages were written to fewer replicas than required'),
  row(21, 'INVALID_REQUIRED_ACKS', 'The number of required acknowledgements is invalid'),
  row(22, 'ILLEGAL_GENERATION', 'The generation of the group is another one'),
  row(23, 'INCONSISTENT_GROUP_PROTOCOL', 'The member shares no protocol with the other members of the group'),
  row(24, 'INVALID_GROUP_ID', 'The group id is invalid'),
  row(25, 'UNKNOWN_MEMBER_ID', 'The coordinator is not aware of this member'),
  row(26, 'INVALID_SESSION_TIMEOUT', 'The session timeout is not within the range that is accepted'),
  {
    ...row(27, 'REBALANCE_IN_PROGRESS', 'The group is rebalancing, so a rejoin is needed'),
    helpUrl: 'https://kafka.js.org/docs/faq#what-does-it-mean-to-get-rebalance-in-progress-errors',
  },
  row(28, 'INVALID_COMMIT_OFFSET_SIZE', 'The offsets to commit are too large to be stored'),
  row(29, 'TOPIC_AUTHORIZATION_FAILED', 'Not authorized to access the topic'),
  row(30, 'GROUP_AUTHORIZATION_FAILED', 'Not authorized to access the group'),
  row(31, 'CLUSTER_AUTHORIZATION_FAILED', 'Not authorized to access the cluster'),
  row(32, 'INVALID_TIMESTAMP', 'The timestamp of the message is out of the range that is accepted'),
  row(33, 'UNSUPPORTED_SASL_MECHANISM', 'The SASL mechanism is not supported'),
  row(34, 'ILLEGAL_SASL_STATE', 'The request does not fit the state of the SASL exchange'),
  row(35, 'UNSUPPORTED_VERSION', 'This version of the request is not supported'),
  row(36, 'TOPIC_ALREADY_EXISTS', 'Topic with this name already exists'),
  row(37, 'INVALID_PARTITIONS', 'The number of partitions is invalid'),
  row(38, 'INVALID_REPLICATION_FACTOR', 'The replication factor is invalid'),
  row(39, 'INVALID_REPLICA_ASSIGNMENT', 'The assignment of replicas is invalid'),
  row(40, 'INVALID_CONFIG', 'The configuration is invalid'),
  retriable(41, 'NOT_CONTROLLER', 'This server is not the controller of the cluster'),
  row(42, 'INVALID_REQUEST', 'The request is not one the service can accept'),
  row(43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'The message format does not support the operation'),
  row(44, 'POLICY_VIOLATION', 'The request violates a policy of the service'),
  row(45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'The sequence number of the producer is out of order'),
  row(46, 'DUPLICATE_SEQUENCE_NUMBER', 'The sequence number of the producer was used before'),
  row(47, 'INVALID_PRODUCER_EPOCH', 'Another producer with a newer epoch has taken over'),
  row(48, 'INVALID_TXN_STATE', 'The operation does not fit the state of the transaction'),
  row(49, 'INVALID_PRODUCER_ID_MAPPING', 'The producer id does not belong to the transactional id'),
  row(50, 'INVALID_TRANSACTION_TIMEOUT', 'The transaction timeout is longer than is accepted'),
  retriable(51, 'CONCURRENT_TRANSACTIONS', 'Another transaction of this producer is under way'),
  row(52, 'TRANSACTION_COORDINATOR_FENCED', 'The transaction coordinator was replaced'),
  row(53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Not authorized to use the transactional id'),
  row(54, 'SECURITY_DISABLED', 'Security is switched off'),
  row(55, 'OPERATION_NOT_ATTEMPTED', 'The operation was not attempted, as another part of the request failed'),
  retriable(56, 'KAFKA_STORAGE_ERROR', 'The service could not read or write its storage'),
  row(57, 'LOG_DIR_NOT_FOUND', 'The log directory does not exist'),
  {
    ...row(58, 'SASL_AUTHENTICATION_FAILED', 'SASL Authentication failed'),
    helpUrl: 'https://kafka.js.org/docs/configuration#sasl',
  },
  row(59, 'UNKNOWN_PRODUCER_ID', 'The producer id is not known, or no longer'),
  row(60, 'REASSIGNMENT_IN_PROGRESS', 'A reassignment of partitions is under way'),
  row(61, 'DELEGATION_TOKEN_AUTH_DISABLED', 'Delegation tokens are switched off'),
  row(62, 'DELEGATION_TOKEN_NOT_FOUND', 'The delegation token does not exist'),
  row(63, 'DELEGATION_TOKEN_OWNER_MISMATCH', 'The principal is neither owner nor renewer of the delegation token'),
  row(64, 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 'This channel does not allow requests for delegation tokens'),
  row(65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', 'Not authorized to use delegation tokens'),
  row(66, 'DELEGATION_TOKEN_EXPIRED', 'The delegation token has expired'),
  row(67, 'INVALID_PRINCIPAL_TYPE', 'The type of the principal is not supported'),
  row(68, 'NON_EMPTY_GROUP', 'The group is not empty'),
  row(69, 'GROUP_ID_NOT_FOUND', 'The group id does not exist'),
  retriable(70, 'FETCH_SESSION_ID_NOT_FOUND', 'The fetch session was not found'),
  retriable(71, 'INVALID_FETCH_SESSION_EPOCH', 'The epoch of the fetch session is invalid'),
  retriable(72, 'LISTENER_NOT_FOUND', 'The leader has no listener that matches'),
  row(73, 'TOPIC_DELETION_DISABLED', 'Deleting topics is switched off'),
  retriable(74, 'FENCED_LEADER_EPOCH', 'The leader epoch of the request is older than the one of the partition'),
  retriable(75, 'UNKNOWN_LEADER_EPOCH', 'The leader epoch of the request is newer than the one of the partition'),
  row(76, 'UNSUPPORTED_COMPRESSION_TYPE', 'The compression type is not supported'),
  row(77, 'STALE_BROKER_EPOCH', 'The broker epoch has changed'),
  retriable(78, 'OFFSET_NOT_AVAILABLE', 'The offset is not available yet'),
  row(79, 'MEMBER_ID_REQUIRED', 'The member needs a member id to join the group'),
  retriable(80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader is not available'),
  row(81, 'GROUP_MAX_SIZE_REACHED', 'The group is full'),
  row(82, 'FENCED_INSTANCE_ID', 'Another member has taken over the instance id'),
  retriable(83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'No eligible leader of the topic-partition is available'),
  retriable(84, 'ELECTION_NOT_NEEDED', 'The topic-partition needs no election of a leader'),
  row(85, 'NO_REASSIGNMENT_IN_PROGRESS', 'No reassignment of partitions is under way'),
  row(86, 'GROUP_SUBSCRIBED_TO_TOPIC', 'The group is subscribed to the topic'),
  row(87, 'INVALID_RECORD', 'The service found the message invalid'),
  retriable(88, 'UNSTABLE_OFFSET_COMMIT', 'Some offsets are not stable yet'),
]

const byType = new Map(rows.map((entry) => [entry.type, entry]))
const byCode = new Map(rows.map((entry) => [entry.code, entry]))

/** What to change about the row. */
export interface ProtocolErrorOptions {
  /** Instead of the row's text: what failed, where, and what to do. */
  readonly message?: string
  readonly retriable?: boolean
  readonly cause?: unknown
}

/** The row of a type, e.g. `MESSAGE_TOO_LARGE`, or of a code; `KAFKAJS_UNKNOWN_ERROR_CODE` for one Kafka has not. */
export function protocolErrorRow(typeOrCode: string | number): ProtocolErrorRow {
  const found = typeof typeOrCode === 'string' ? byType.get(typeOrCode) : byCode.get(typeOrCode)
  return found ?? row(-99, 'KAFKAJS_UNKNOWN_ERROR_CODE', `Unknown error code ${typeOrCode}`)
}

/** The error of a type or code. */
export function createProtocolError(
  typeOrCode: string | number,
  options: ProtocolErrorOptions = {},
): KafkaJSProtocolError {
  const entry = protocolErrorRow(typeOrCode)
  return new KafkaJSProtocolError(
    { ...entry, message: options.message ?? entry.message },
    { retriable: options.retriable ?? entry.retriable, cause: options.cause },
  )
}

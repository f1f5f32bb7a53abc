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

/**
 * Kafka's errors by code, with the texts that Kafka's protocol gives them and kafkajs 2.2.4 shows: programs tell errors apart
 * by them.
 */
export const protocolErrorRows: readonly ProtocolErrorRow[] = [
  row(-1, 'UNKNOWN', 'The server experienced an unexpected error when processing the request'),
  row(1, 'OFFSET_OUT_OF_RANGE', 'The requested offset is not within the range of offsets maintained by the server'),
  retriable(
    2,
    'CORRUPT_MESSAGE',
    'This message has failed its CRC checksum, exceeds the valid size, or is otherwise corrupt',
  ),
  retriable(3, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition'),
  row(4, 'INVALID_FETCH_SIZE', 'The requested fetch size is invalid'),
  retriable(
    5,
    'LEADER_NOT_AVAILABLE',
    'There is no leader for this topic-partition as we are in the middle of a leadership election',
  ),
  retriable(6, 'NOT_LEADER_FOR_PARTITION', 'This server is not the leader for that topic-partition'),
  retriable(7, 'REQUEST_TIMED_OUT', 'The request timed out'),
  row(8, 'BROKER_NOT_AVAILABLE', 'The broker is not available'),
  retriable(9, 'REPLICA_NOT_AVAILABLE', 'The replica is not available for the requested topic-partition'),
  row(
    10,
    'MESSAGE_TOO_LARGE',
    'The request included a message larger than the max message size the server will accept',
  ),
  row(11, 'STALE_CONTROLLER_EPOCH', 'The controller moved to another broker'),
  row(12, 'OFFSET_METADATA_TOO_LARGE', 'The metadata field of the offset request was too large'),
  retriable(13, 'NETWORK_EXCEPTION', 'The server disconnected before a response was received'),
  retriable(14, 'GROUP_LOAD_IN_PROGRESS', "The coordinator is loading and hence can't process requests for this group"),
  retriable(15, 'GROUP_COORDINATOR_NOT_AVAILABLE', 'The group coordinator is not available'),
  retriable(16, 'NOT_COORDINATOR_FOR_GROUP', 'This is not the correct coordinator for this group'),
  row(17, 'INVALID_TOPIC_EXCEPTION', 'The request attempted to perform an operation on an invalid topic'),
  row(
    18,
    'RECORD_LIST_TOO_LARGE',
    'The request included message batch larger than the configured segment size on the server',
  ),
  retriable(19, 'NOT_ENOUGH_REPLICAS', 'Messages are rejected since there are fewer in-sync replicas than required'),
  retriable(
    20,
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'Messages are written to the log, but to fewer in-sync replicas than required',
  ),
  row(21, 'INVALID_REQUIRED_ACKS', 'Produce request specified an invalid value for required acks'),
  row(22, 'ILLEGAL_GENERATION', 'Specified group generation id is not valid'),
  row(
    23,
    'INCONSISTENT_GROUP_PROTOCOL',
    "The group member's supported protocols are incompatible with those of existing members",
  ),
  row(24, 'INVALID_GROUP_ID', 'The configured groupId is invalid'),
  row(25, 'UNKNOWN_MEMBER_ID', 'The coordinator is not aware of this member'),
  row(
    26,
    'INVALID_SESSION_TIMEOUT',
    'The session timeout is not within the range allowed by the broker (as configured by group.min.session.timeout.ms and group.max.session.timeout.ms)',
  ),
  {
    ...row(27, 'REBALANCE_IN_PROGRESS', 'The group is rebalancing, so a rejoin is needed'),
    helpUrl: 'https://kafka.js.org/docs/faq#what-does-it-mean-to-get-rebalance-in-progress-errors',
  },
  row(28, 'INVALID_COMMIT_OFFSET_SIZE', 'The committing offset data size is not valid'),
  row(29, 'TOPIC_AUTHORIZATION_FAILED', 'Not authorized to access topics: [Topic authorization failed]'),
  row(30, 'GROUP_AUTHORIZATION_FAILED', 'Not authorized to access group: Group authorization failed'),
  row(31, 'CLUSTER_AUTHORIZATION_FAILED', 'Cluster authorization failed'),
  row(32, 'INVALID_TIMESTAMP', 'The timestamp of the message is out of acceptable range'),
  row(33, 'UNSUPPORTED_SASL_MECHANISM', 'The broker does not support the requested SASL mechanism'),
  row(34, 'ILLEGAL_SASL_STATE', 'Request is not valid given the current SASL state'),
  row(35, 'UNSUPPORTED_VERSION', 'The version of API is not supported'),
  row(36, 'TOPIC_ALREADY_EXISTS', 'Topic with this name already exists'),
  row(37, 'INVALID_PARTITIONS', 'Number of partitions is invalid'),
  row(38, 'INVALID_REPLICATION_FACTOR', 'Replication-factor is invalid'),
  row(39, 'INVALID_REPLICA_ASSIGNMENT', 'Replica assignment is invalid'),
  row(40, 'INVALID_CONFIG', 'Configuration is invalid'),
  retriable(41, 'NOT_CONTROLLER', 'This is not the correct controller for this cluster'),
  row(
    42,
    'INVALID_REQUEST',
    'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details',
  ),
  row(43, 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'The message format version on the broker does not support the request'),
  row(44, 'POLICY_VIOLATION', 'Request parameters do not satisfy the configured policy'),
  row(45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'The broker received an out of order sequence number'),
  row(46, 'DUPLICATE_SEQUENCE_NUMBER', 'The broker received a duplicate sequence number'),
  row(
    47,
    'INVALID_PRODUCER_EPOCH',
    "Producer attempted an operation with an old epoch. Either there is a newer producer with the same transactionalId, or the producer's transaction has been expired by the broker",
  ),
  row(48, 'INVALID_TXN_STATE', 'The producer attempted a transactional operation in an invalid state'),
  row(
    49,
    'INVALID_PRODUCER_ID_MAPPING',
    'The producer attempted to use a producer id which is not currently assigned to its transactional id',
  ),
  row(
    50,
    'INVALID_TRANSACTION_TIMEOUT',
    'The transaction timeout is larger than the maximum value allowed by the broker (as configured by max.transaction.timeout.ms)',
  ),
  retriable(
    51,
    'CONCURRENT_TRANSACTIONS',
    'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing',
  ),
  row(
    52,
    'TRANSACTION_COORDINATOR_FENCED',
    'Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for a given producer',
  ),
  row(53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'Transactional Id authorization failed'),
  row(54, 'SECURITY_DISABLED', 'Security features are disabled'),
  row(
    55,
    'OPERATION_NOT_ATTEMPTED',
    'The broker did not attempt to execute this operation. This may happen for batched RPCs where some operations in the batch failed, causing the broker to respond without trying the rest',
  ),
  retriable(56, 'KAFKA_STORAGE_ERROR', 'Disk error when trying to access log file on the disk'),
  row(57, 'LOG_DIR_NOT_FOUND', 'The user-specified log directory is not found in the broker config'),
  {
    ...row(58, 'SASL_AUTHENTICATION_FAILED', 'SASL Authentication failed'),
    helpUrl: 'https://kafka.js.org/docs/configuration#sasl',
  },
  row(
    59,
    'UNKNOWN_PRODUCER_ID',
    "This exception is raised by the broker if it could not locate the producer metadata associated with the producerId in question. This could happen if, for instance, the producer's records were deleted because their retention time had elapsed. Once the last records of the producerId are removed, the producer's metadata is removed from the broker, and future appends by the producer will return this exception",
  ),
  row(60, 'REASSIGNMENT_IN_PROGRESS', 'A partition reassignment is in progress'),
  row(61, 'DELEGATION_TOKEN_AUTH_DISABLED', 'Delegation Token feature is not enabled'),
  row(62, 'DELEGATION_TOKEN_NOT_FOUND', 'Delegation Token is not found on server'),
  row(63, 'DELEGATION_TOKEN_OWNER_MISMATCH', 'Specified Principal is not valid Owner/Renewer'),
  row(
    64,
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    'Delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels and on delegation token authenticated channels',
  ),
  row(65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', 'Delegation Token authorization failed'),
  row(66, 'DELEGATION_TOKEN_EXPIRED', 'Delegation Token is expired'),
  row(67, 'INVALID_PRINCIPAL_TYPE', 'Supplied principalType is not supported'),
  row(68, 'NON_EMPTY_GROUP', 'The group is not empty'),
  row(69, 'GROUP_ID_NOT_FOUND', 'The group id was not found'),
  retriable(70, 'FETCH_SESSION_ID_NOT_FOUND', 'The fetch session ID was not found'),
  retriable(71, 'INVALID_FETCH_SESSION_EPOCH', 'The fetch session epoch is invalid'),
  retriable(
    72,
    'LISTENER_NOT_FOUND',
    'There is no listener on the leader broker that matches the listener on which metadata request was processed',
  ),
  row(73, 'TOPIC_DELETION_DISABLED', 'Topic deletion is disabled'),
  retriable(74, 'FENCED_LEADER_EPOCH', 'The leader epoch in the request is older than the epoch on the broker'),
  retriable(75, 'UNKNOWN_LEADER_EPOCH', 'The leader epoch in the request is newer than the epoch on the broker'),
  row(
    76,
    'UNSUPPORTED_COMPRESSION_TYPE',
    'The requesting client does not support the compression type of given partition',
  ),
  row(77, 'STALE_BROKER_EPOCH', 'Broker epoch has changed'),
  retriable(
    78,
    'OFFSET_NOT_AVAILABLE',
    'The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing',
  ),
  row(
    79,
    'MEMBER_ID_REQUIRED',
    'The group member needs to have a valid member id before actually entering a consumer group',
  ),
  retriable(80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available'),
  row(
    81,
    'GROUP_MAX_SIZE_REACHED',
    'The consumer group has reached its max size. It already has the configured maximum number of members',
  ),
  row(
    82,
    'FENCED_INSTANCE_ID',
    'The broker rejected this static consumer since another consumer with the same group instance id has registered with a different member id',
  ),
  retriable(83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'Eligible topic partition leaders are not available'),
  retriable(84, 'ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition'),
  row(85, 'NO_REASSIGNMENT_IN_PROGRESS', 'No partition reassignment is in progress'),
  row(
    86,
    'GROUP_SUBSCRIBED_TO_TOPIC',
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it',
  ),
  row(87, 'INVALID_RECORD', 'This record has failed the validation on broker and hence be rejected'),
  retriable(88, 'UNSTABLE_OFFSET_COMMIT', 'There are unstable offsets that need to be cleared'),
]

const byType = new Map(protocolErrorRows.map((entry) => [entry.type, entry]))
const byCode = new Map(protocolErrorRows.map((entry) => [entry.code, entry]))

/** The changes to the row. */
export interface ProtocolErrorOptions {
  /** The failure, its place, and what to do; it stands behind Kafka's text. */
  readonly message?: string
  readonly retriable?: boolean
  readonly cause?: unknown
}

/** The row of a type, e.g. `MESSAGE_TOO_LARGE`, or of a code; `KAFKAJS_UNKNOWN_ERROR_CODE` for one Kafka has not. */
export function protocolErrorRow(typeOrCode: string | number): ProtocolErrorRow {
  const found = typeof typeOrCode === 'string' ? byType.get(typeOrCode) : byCode.get(typeOrCode)
  return found ?? row(-99, 'KAFKAJS_UNKNOWN_ERROR_CODE', `Unknown error code ${typeOrCode}`)
}

/** Kafka's text first, which programs match. */
function behindKafkas({ message: text }: ProtocolErrorRow, message = text): string {
  return message.startsWith(text) ? message : `${text}: ${message}`
}

/** The error of a type or code. */
export function createProtocolError(
  typeOrCode: string | number,
  options: ProtocolErrorOptions = {},
): KafkaJSProtocolError {
  const entry = protocolErrorRow(typeOrCode)
  return new KafkaJSProtocolError(
    { ...entry, message: behindKafkas(entry, options.message) },
    { retriable: options.retriable ?? entry.retriable, cause: options.cause },
  )
}

import { connectionErrors } from './connection-errors.js'
import { type ErrorRow, protocol, tokenRevoked } from './error-row.js'
import { throttlingCodes } from './throttling.js'

const checkCredentials =
  'Check the key or credential, that it is of this namespace, and that the clock of this machine is right.'
const wait = 'If it persists, add throughput or processing units.'

/**
 * The errors of Kafka for each foreign failure: AMQP conditions, codes of the Azure SDK, of Node, of HTTP. `error.ts`
 * reads this table from top to bottom; `test/unit/translate/error.test.ts` has a test for every row.
 *
 * Conditions: AMQP 1.0 part 2.8.15-18 and learn.microsoft.com/azure/event-hubs/event-hubs-amqp-troubleshoot. Codes:
 * `ConditionErrorNameMapper` of `@azure/core-amqp` (the SDK keeps the code and drops the condition).
 */
export const errorTable: readonly ErrorRow[] = [
  // Credentials.
  {
    codes: [
      'CredentialUnavailableError',
      'AuthenticationError',
      'AggregateAuthenticationError',
      'AuthenticationRequiredError',
      'ClientAuthError',
      'ClientConfigurationError',
      'InteractionRequiredAuthError',
    ],
    becomes: { kind: 'authentication' },
    advice: 'The identity library gave no token: check the credential and its environment.',
  },
  {
    codes: ['ServerError'],
    text: /AADSTS|invalid_(grant|client|request|resource)|unauthorized_client/,
    becomes: { kind: 'authentication' },
    advice: 'Check tenant, client and secret.',
  },
  {
    codes: [tokenRevoked],
    becomes: protocol('SASL_AUTHENTICATION_FAILED', true),
    advice: 'The service ended an open link, as it takes its token no more: the next one is opened with another.',
  },
  {
    codes: ['UnauthorizedError', 'amqp:unauthorized-access', 'com.microsoft:auth-failed'],
    text: /ExpiredToken|token (is|has) expired/i,
    becomes: protocol('SASL_AUTHENTICATION_FAILED', true),
    advice:
      'The token has expired. A ready-made signature cannot be renewed: make a new one, or authenticate with the key.',
  },
  {
    codes: ['UnauthorizedError', 'amqp:unauthorized-access', 'com.microsoft:auth-failed'],
    text: /claim|permission|not authorized to/i,
    becomes: protocol('TOPIC_AUTHORIZATION_FAILED'),
    advice:
      'Give the rule or identity the right it lacks: Send (Azure Event Hubs Data Sender) to produce, Listen (Data Receiver) to consume.',
  },
  {
    codes: ['UnauthorizedError', 'amqp:unauthorized-access', 'com.microsoft:auth-failed'],
    becomes: { kind: 'authentication' },
    advice: checkCredentials,
  },
  {
    codes: ['PublisherRevokedError', 'com.microsoft:publisher-revoked'],
    becomes: protocol('TOPIC_AUTHORIZATION_FAILED'),
    advice: 'The publisher has been revoked on the event hub.',
  },

  // What is not there.
  {
    codes: ['MessagingEntityNotFoundError', 'amqp:not-found'],
    text: /consumergroups?[/:]|consumer group/i,
    becomes: protocol('GROUP_ID_NOT_FOUND'),
    advice: 'Create the consumer group on the event hub, or set eventHubs.consumerGroup to "$Default".',
  },
  {
    codes: [
      'MessagingEntityNotFoundError',
      'amqp:not-found',
      'ResourceDeletedError',
      'amqp:resource-deleted',
      'ServiceCommunicationError',
    ],
    becomes: protocol('UNKNOWN_TOPIC_OR_PARTITION'),
    advice: 'Create the event hub, or check its name.',
  },
  {
    codes: ['ArgumentOutOfRangeError', 'com.microsoft:argument-out-of-range'],
    text: /partition/i,
    becomes: protocol('UNKNOWN_TOPIC_OR_PARTITION', false),
    advice: 'The event hub has no such partition.',
  },
  {
    codes: ['MessagingEntityAlreadyExistsError', 'com.microsoft:entity-already-exists'],
    becomes: protocol('TOPIC_ALREADY_EXISTS'),
  },
  {
    codes: ['MessagingEntityDisabledError', 'com.microsoft:entity-disabled'],
    becomes: protocol('POLICY_VIOLATION'),
    advice: 'The event hub is disabled: set its status to Active.',
  },

  // Positions.
  {
    codes: ['com.microsoft:georeplication:invalid-offset'],
    becomes: { kind: 'offset-out-of-range' },
    advice: 'The stored offset is of the time before geo-replication.',
  },
  {
    codes: ['ArgumentError', 'com.microsoft:argument-error'],
    text: /(sequence number|offset).*invalid/is,
    becomes: { kind: 'offset-out-of-range' },
    advice: 'The event hub may have been deleted and made anew; reset the offsets of the group.',
  },

  // Ownership.
  {
    codes: ['ReceiverDisconnectedError', 'amqp:link:stolen'],
    becomes: protocol('FENCED_INSTANCE_ID'),
    advice: 'Another reader of the same Event Hubs consumer group took this partition with a higher epoch.',
  },
  {
    codes: ['ProducerDisconnectedError', 'com.microsoft:producer-epoch-stolen'],
    becomes: protocol('INVALID_PRODUCER_EPOCH'),
    advice: 'Another producer with the same id took over.',
  },
  {
    codes: ['SequenceOutOfOrderError', 'com.microsoft:out-of-order-sequence'],
    becomes: protocol('OUT_OF_ORDER_SEQUENCE_NUMBER'),
  },
  {
    codes: [
      'PartitionNotOwnedError',
      'com.microsoft:partition-not-owned',
      'LinkRedirectError',
      'amqp:link:redirect',
      'DetachForcedError',
      'amqp:link:detach-forced',
    ],
    becomes: protocol('NOT_LEADER_FOR_PARTITION', true),
    advice: 'The service moved or idled the link.',
  },

  // Limits.
  {
    codes: ['MessageTooLargeError', 'amqp:link:message-size-exceeded', 413],
    becomes: protocol('MESSAGE_TOO_LARGE'),
    advice: 'Send a smaller message: 256 KB on Basic, 1 MB on the other tiers, batch and headers included.',
  },
  {
    codes: [],
    text: /^Max message size \(\d+ bytes\) is greater than/,
    becomes: protocol('MESSAGE_TOO_LARGE'),
    advice: 'Send a smaller message: 256 KB on Basic, 1 MB on the other tiers, batch and headers included.',
  },
  {
    codes: ['QuotaExceededError', 'amqp:resource-limit-exceeded'],
    text: /receivers per partition/i,
    becomes: protocol('GROUP_MAX_SIZE_REACHED'),
    advice:
      'A partition takes five readers without epoch per consumer group: give this group a consumer group of its own.',
  },
  {
    // Of the connection itself: it passes when others disconnect, and Kafka's brokers close what is beyond their limit.
    codes: ['QuotaExceededError', 'amqp:resource-limit-exceeded'],
    text: /connections?\s*quota/i,
    becomes: { kind: 'connection' },
    advice: 'The namespace has as many connections as its tier allows: close others, or change the tier.',
  },
  {
    codes: ['QuotaExceededError', 'amqp:resource-limit-exceeded'],
    becomes: protocol('POLICY_VIOLATION'),
    advice: 'A quota of the namespace or event hub is used up.',
  },
  {
    codes: throttlingCodes,
    becomes: protocol('REQUEST_TIMED_OUT', true),
    advice: wait,
  },
  {
    codes: [
      'SenderBusyError',
      'InsufficientCreditError',
      'SenderNotReadyError',
      'client.sender:not-enough-link-credit',
      'client.sender:link-not-ready',
      'ResourceLockedError',
      'amqp:resource-locked',
    ],
    becomes: protocol('REQUEST_TIMED_OUT', true),
    advice: wait,
  },

  // The service is slow or failing.
  {
    codes: [
      'ServiceUnavailableError',
      'com.microsoft:timeout',
      'OperationTimeoutError',
      'MessageWaitTimeout',
      'com.microsoft:message-wait-timeout',
      'TimeoutError',
      408,
    ],
    becomes: protocol('REQUEST_TIMED_OUT', true),
  },
  {
    codes: [
      'InternalServerError',
      'amqp:internal-error',
      'OperationCancelledError',
      'com.microsoft:operation-cancelled',
    ],
    becomes: protocol('UNKNOWN', true),
    advice: 'The tracking id is what Azure support asks for.',
  },

  // A race between parts of the SDK over one connection: nothing that a program asked for, and gone with the connection.
  {
    codes: ['InvalidOperationError', 'amqp:not-allowed'],
    text: /\$cbs|has already been opened/i,
    becomes: { kind: 'connection-closed' },
    advice: 'It goes on over a new connection.',
  },

  // The request makes no sense to the service.
  { codes: ['NotImplementedError', 'amqp:not-implemented'], becomes: protocol('UNSUPPORTED_VERSION') },
  {
    codes: [
      'InvalidOperationError',
      'amqp:not-allowed',
      'ArgumentError',
      'com.microsoft:argument-error',
      'ArgumentOutOfRangeError',
      'com.microsoft:argument-out-of-range',
      'InvalidFieldError',
      'amqp:invalid-field',
      'DecodeError',
      'amqp:decode-error',
      'PreconditionFailedError',
      'amqp:precondition-failed',
      'com.microsoft:precondition-failed',
    ],
    becomes: protocol('INVALID_REQUEST'),
  },

  ...connectionErrors,
  // HTTP answers: management, and the upgrade to a WebSocket.
  { codes: [401], becomes: { kind: 'authentication' }, advice: checkCredentials },
  {
    codes: [403],
    becomes: protocol('TOPIC_AUTHORIZATION_FAILED'),
    advice: 'Give the rule Manage, or the identity the role Azure Event Hubs Data Owner.',
  },
  {
    codes: [404, 410],
    becomes: protocol('UNKNOWN_TOPIC_OR_PARTITION'),
    advice: 'Create the event hub, or check its name.',
  },
  { codes: [409], becomes: protocol('TOPIC_ALREADY_EXISTS') },
  { codes: [500, 502, 503, 504], becomes: protocol('REQUEST_TIMED_OUT', true) },
  { codes: [400, 405, 406, 411, 412, 415, 422], becomes: protocol('INVALID_REQUEST') },

  // Ourselves.
  { codes: ['AbortError', 'ABORT_ERR'], becomes: { kind: 'aborted' } },
  { codes: ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'], becomes: { kind: 'mistake' } },
]

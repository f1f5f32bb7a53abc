import { createRequire } from 'node:module'
import { ErrorNameConditionMapper, MessagingError, translate } from '@azure/core-amqp'
import { RestError } from '@azure/core-rest-pipeline'
import { AuthenticationError, CredentialUnavailableError } from '@azure/identity'
import { describe, expect, it } from 'vitest'
import {
  KafkaJSAggregateError,
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
  KafkaJSSASLAuthenticationError,
} from '../../../src/errors/index.js'
import { protocolErrorRow } from '../../../src/errors/protocol-errors.js'
import { type ErrorContext, errorRowOf, toKafkaJSError } from '../../../src/translate/error.js'
import { errorTable } from '../../../src/translate/error-table.js'

/** An AMQP error as rhea hands it out. */
const amqp = (condition: string, description = 'The service says so.') => ({ condition, description })

/** The same after the SDK's own translation: the condition is gone, a code is there. */
const sdk = (condition: string, description?: string) => {
  const error = new MessagingError(description ?? 'The service says so.')
  const names = Object.entries(ErrorNameConditionMapper)
  const code = names.find(([, known]) => known === condition)?.[0]
  return Object.assign(error, code && { code })
}

const node = (code: string, message = `connect ${code} 10.0.0.1:5671`) =>
  Object.assign(new Error(message), { code, errno: -1, syscall: 'connect' })

const http = (statusCode: number, message = `HTTP ${statusCode}`) => new RestError(message, { statusCode })

const named = (name: string, message = 'no') => Object.assign(new Error(message), { name })

interface Expected {
  is: new (...args: never[]) => Error
  type?: string
  code?: number | string
  retriable: boolean
  message?: unknown
}

const of = (type: string, retriable = protocolErrorRow(type).retriable): Expected => ({
  is: KafkaJSProtocolError,
  type,
  code: protocolErrorRow(type).code,
  retriable,
})
const connection = (code?: string, retriable = true): Expected => ({
  is: KafkaJSConnectionError,
  ...(code && { code }),
  retriable,
  message: expect.stringMatching(/^Connection error: /),
})
const authentication: Expected = { is: KafkaJSSASLAuthenticationError, retriable: false }
const closed: Expected = {
  is: KafkaJSConnectionClosedError,
  retriable: true,
  message: expect.stringMatching(/^Closed connection: /),
}
const outOfRange: Expected = { ...of('OFFSET_OUT_OF_RANGE'), is: KafkaJSOffsetOutOfRange }

const notFound = "The messaging entity 'sb://ns.servicebus.windows.net/orders' could not be found."
const cases: [title: string, error: unknown, expected: Expected][] = [
  ['no credential', new CredentialUnavailableError('EnvironmentCredential is unavailable'), authentication],
  ['a credential that is refused', new AuthenticationError(401, { error: 'invalid_client' }), authentication],
  ['a chain of credentials that all fail', named('AggregateAuthenticationError'), authentication],
  ['MSAL: client', named('ClientAuthError'), authentication],
  ['MSAL: server', named('ServerError', 'invalid_client: AADSTS7000215'), authentication],
  [
    'an expired token',
    amqp('amqp:unauthorized-access', 'ExpiredToken: the token has expired'),
    of('SASL_AUTHENTICATION_FAILED', true),
  ],
  [
    'a missing claim',
    sdk('amqp:unauthorized-access', "Unauthorized access. 'Listen' claim(s) are required to perform this operation."),
    of('TOPIC_AUTHORIZATION_FAILED'),
  ],
  [
    'a wrong key',
    sdk('amqp:unauthorized-access', 'InvalidSignature: The token has an invalid signature.'),
    authentication,
  ],
  ['a token that is taken no more', named('TokenRevokedError'), of('SASL_AUTHENTICATION_FAILED', true)],
  ['failed authentication', amqp('com.microsoft:auth-failed'), authentication],
  ['a revoked publisher', amqp('com.microsoft:publisher-revoked'), of('TOPIC_AUTHORIZATION_FAILED')],
  [
    'an unknown consumer group',
    amqp('amqp:not-found', "The messaging entity 'sb://ns/orders/consumergroups/billing' could not be found."),
    of('GROUP_ID_NOT_FOUND'),
  ],
  ['an unknown event hub', amqp('amqp:not-found', notFound), of('UNKNOWN_TOPIC_OR_PARTITION')],
  [
    'an unknown event hub, by the SDK',
    translate({ condition: 'amqp:not-found', description: notFound, name: 'AmqpProtocolError' } as never),
    of('UNKNOWN_TOPIC_OR_PARTITION'),
  ],
  ['a deleted event hub', amqp('amqp:resource-deleted'), of('UNKNOWN_TOPIC_OR_PARTITION')],
  [
    'an unknown partition',
    sdk(
      'com.microsoft:argument-out-of-range',
      'The specified partition is invalid for an EventHub partition sender or receiver.',
    ),
    of('UNKNOWN_TOPIC_OR_PARTITION', false),
  ],
  ['an event hub that exists', amqp('com.microsoft:entity-already-exists'), of('TOPIC_ALREADY_EXISTS')],
  ['a disabled event hub', sdk('com.microsoft:entity-disabled'), of('POLICY_VIOLATION')],
  ['an offset from before geo-replication', amqp('com.microsoft:georeplication:invalid-offset'), outOfRange],
  [
    'a sequence number beyond the end',
    sdk(
      'com.microsoft:argument-error',
      "The supplied sequence number '12' is invalid. The last sequence number in the system is '4'",
    ),
    outOfRange,
  ],
  [
    'an offset beyond the end',
    amqp('com.microsoft:argument-error', "The supplied offset '999' is invalid. The last offset in the system is '4'"),
    outOfRange,
  ],
  [
    'a stolen link',
    sdk('amqp:link:stolen', "New receiver 'nil' with higher epoch of '1' is created"),
    of('FENCED_INSTANCE_ID'),
  ],
  ['a stolen producer', amqp('com.microsoft:producer-epoch-stolen'), of('INVALID_PRODUCER_EPOCH')],
  ['a sequence out of order', named('SequenceOutOfOrderError'), of('OUT_OF_ORDER_SEQUENCE_NUMBER')],
  ['an idle link', sdk('amqp:link:detach-forced'), of('NOT_LEADER_FOR_PARTITION')],
  ['a partition that moved', amqp('com.microsoft:partition-not-owned'), of('NOT_LEADER_FOR_PARTITION')],
  ['a message too large', sdk('amqp:link:message-size-exceeded'), of('MESSAGE_TOO_LARGE')],
  [
    'a batch larger than the link',
    new Error(
      'Max message size (2000000 bytes) is greater than maximum message size (1048576 bytes) on the AMQP sender link.',
    ),
    of('MESSAGE_TOO_LARGE'),
  ],
  [
    'a sixth reader',
    amqp(
      'amqp:resource-limit-exceeded',
      'Exceeded the maximum number of allowed receivers per partition in a consumer group which is 5.',
    ),
    of('GROUP_MAX_SIZE_REACHED'),
  ],
  [
    'a connection too many',
    sdk('amqp:resource-limit-exceeded', 'ConnectionsQuotaExceeded for namespace: ns.servicebus.windows.net.'),
    connection('QuotaExceededError'),
  ],
  ['another quota', sdk('amqp:resource-limit-exceeded'), of('POLICY_VIOLATION')],
  ['throttling', sdk('com.microsoft:server-busy'), of('REQUEST_TIMED_OUT')],
  ['throttling over HTTP', http(429), of('REQUEST_TIMED_OUT')],
  ['no credit on the link', sdk('client.sender:not-enough-link-credit'), of('REQUEST_TIMED_OUT')],
  ['a timeout of the service', sdk('com.microsoft:timeout'), of('REQUEST_TIMED_OUT')],
  ['a timeout of the SDK', named('OperationTimeoutError'), of('REQUEST_TIMED_OUT')],
  ['AbortSignal.timeout', new DOMException('The operation timed out', 'TimeoutError'), of('REQUEST_TIMED_OUT')],
  ['an internal error', sdk('amqp:internal-error'), of('UNKNOWN', true)],
  ['a cancelled operation', amqp('com.microsoft:operation-cancelled'), of('UNKNOWN', true)],
  ['something not implemented', amqp('amqp:not-implemented'), of('UNSUPPORTED_VERSION')],
  [
    'a race for the link that tokens are put over',
    sdk('amqp:not-allowed', "A link to connection '1' $cbs node has already been opened."),
    closed,
  ],
  ['something not allowed', sdk('amqp:not-allowed'), of('INVALID_REQUEST')],
  ['an argument that makes no sense', amqp('com.microsoft:argument-error'), of('INVALID_REQUEST')],
  ['a connection closed by the service', amqp('amqp:connection:forced'), closed],
  ['a framing error', amqp('amqp:connection:framing-error'), connection()],
  ['a send that broke off', named('SendOperationFailedError'), connection()],
  [
    'a certificate that is not trusted',
    node('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'),
    connection('DEPTH_ZERO_SELF_SIGNED_CERT', false),
  ],
  [
    'a certificate of another name',
    node('ERR_TLS_CERT_ALTNAME_INVALID', 'Hostname/IP does not match'),
    connection('ERR_TLS_CERT_ALTNAME_INVALID', false),
  ],
  [
    'a certificate that is asked for',
    new Error('40:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:1605:'),
    connection(undefined, false),
  ],
  ['a proxy that hangs up', new Error('Proxy connection ended before receiving CONNECT response'), connection()],
  ['a refused connection', node('ECONNREFUSED'), connection('ECONNREFUSED')],
  ['a refused connection, by the SDK', translate(node('ECONNREFUSED')), connection('ECONNREFUSED')],
  ['an unknown host', translate(node('ENOTFOUND')), connection('ENOTFOUND')],
  ['a reset connection', node('ECONNRESET'), connection('ECONNRESET')],
  ['a failed request', new RestError('getaddrinfo', { code: RestError.REQUEST_SEND_ERROR }), connection()],
  ['a proxy without credentials', http(407), connection(undefined, false)],
  ['a peer that hangs up', new Error('Failed to connect'), connection()],
  ['a closed client', new Error('The underlying AMQP connection is closed.'), closed],
  ['HTTP 401', http(401), authentication],
  ['HTTP 401 at the WebSocket', new Error('Unexpected server response: 401'), authentication],
  ['HTTP 403', http(403), of('TOPIC_AUTHORIZATION_FAILED')],
  ['HTTP 404', http(404), of('UNKNOWN_TOPIC_OR_PARTITION')],
  ['HTTP 409', http(409), of('TOPIC_ALREADY_EXISTS')],
  ['HTTP 503', http(503), of('REQUEST_TIMED_OUT')],
  ['HTTP 400', http(400), of('INVALID_REQUEST')],
  [
    'a missing claim, on an event hub of that name',
    sdk(
      'amqp:unauthorized-access',
      "Unauthorized access. 'Send' claim(s) are required. Resource: 'sb://ns/expired-orders'.",
    ),
    of('TOPIC_AUTHORIZATION_FAILED'),
  ],
  [
    'an aborted operation',
    new DOMException('This operation was aborted', 'AbortError'),
    { is: KafkaJSNonRetriableError, retriable: false },
  ],
  ['a mistake in code', new TypeError('x is not a function'), { is: KafkaJSNonRetriableError, retriable: false }],
]

const context: ErrorContext = {
  operation: 'send',
  topic: 'orders',
  partition: 3,
  broker: 'ns.servicebus.windows.net:5671',
}

describe('toKafkaJSError', () => {
  it.each(cases)('%s', (_title, error, { is, ...fields }) => {
    const translated = toKafkaJSError(error, context)
    expect(translated).toBeInstanceOf(is)
    expect(translated.name).toBe(is.name)
    expect(translated).toMatchObject(fields)
    expect(translated.cause).toBe(error)
    // What failed, and where.
    expect(translated.message).toContain('send on topic "orders", partition 3, broker ns.servicebus.windows.net:5671')
  })

  it('has a test for every row of its table', () => {
    const tested = new Set(cases.map(([, error]) => errorRowOf(error)))
    expect(errorTable.filter((row) => !tested.has(row)).map((row) => row.codes)).toEqual([])
  })

  it('reaches every code of its table: no row hides behind an earlier one', () => {
    const reached = (row: (typeof errorTable)[number], key: string | number) => {
      const sample = typeof key === 'number' ? { statusCode: key } : { code: key }
      // Rows that also ask for a text are reached by the cases above.
      return row.text !== undefined || errorRowOf({ ...sample, message: 'x' }) === row
    }
    for (const row of errorTable) for (const key of row.codes) expect(reached(row, key), String(key)).toBe(true)
  })

  it('finds what happened in the bare AggregateError of exhausted retries', () => {
    const error = new AggregateError([
      sdk('com.microsoft:timeout'),
      sdk('com.microsoft:server-busy', 'Please wait 4 seconds'),
    ])
    const translated = toKafkaJSError(error, context)
    expect(translated).toMatchObject({ type: 'REQUEST_TIMED_OUT', retriable: true, cause: error })
    expect(translated.message).toContain('Please wait 4 seconds')
  })

  it('prefers, of several errors, the one that ended the retrying', () => {
    const final = Object.assign(sdk('amqp:link:message-size-exceeded'), { retryable: false })
    const error = new AggregateError([sdk('com.microsoft:timeout'), final, sdk('com.microsoft:timeout')])
    expect(toKafkaJSError(error)).toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
  })

  it('finds the network error beneath a failed fetch', () => {
    const error = new TypeError('fetch failed', { cause: node('ECONNREFUSED') })
    expect(toKafkaJSError(error)).toMatchObject({ name: 'KafkaJSConnectionError', code: 'ECONNREFUSED', cause: error })
  })

  it('leaves its own family as it is', () => {
    const own = new KafkaJSNonRetriableError('own')
    expect(toKafkaJSError(own, context)).toBe(own)
    expect(toKafkaJSError(new AggregateError([own]))).toBe(own)
    const aggregate = new KafkaJSAggregateError('several', [own])
    expect(toKafkaJSError(aggregate)).toBe(aggregate)
  })

  it('keeps what an unknown error says about retrying', () => {
    expect(toKafkaJSError(new Error('boom'))).toMatchObject({ name: 'KafkaJSError', message: 'boom', retriable: true })
    const final = Object.assign(new MessagingError('odd'), { code: 'OddError', retryable: false })
    expect(toKafkaJSError(final)).toMatchObject({ type: 'UNKNOWN', code: -1, retriable: false })
    expect(toKafkaJSError('text')).toBeInstanceOf(KafkaJSError)
    expect(toKafkaJSError(undefined).message).toBe('undefined')
  })

  it('names the place of an offset out of range', () => {
    const error = toKafkaJSError(amqp('com.microsoft:argument-error', "The supplied offset '9' is invalid."), context)
    expect(error).toMatchObject({ topic: 'orders', partition: 3 })
  })

  it('takes secrets out of the message and of the original', () => {
    const secret = 'SharedAccessKey=c2VjcmV0'
    const cause = new Error(`bad Endpoint=sb://x/;${secret};EntityPath=y`)
    const error = toKafkaJSError(cause, context)
    for (const text of [error.message, error.stack, cause.message, cause.stack]) expect(text).not.toContain('c2VjcmV0')
    expect(error.message).toContain('EntityPath=y')
  })
})

describe("Kafka's text comes first, which programs match", () => {
  const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error.js') as {
    errorCodes: { type: string; message: string }[]
  }
  const texts = new Map(errorCodes.map(({ type, message }) => [type, message]))

  it.each(errorTable.map((row, index) => [`${index}: ${row.codes.join(', ') || row.text}`, row] as const))(
    'in row %s',
    (_, row) => {
      const { becomes } = row
      const message = 'said by the other side'
      const [code] = row.codes
      const foreign = Object.assign(new Error(message), typeof code === 'number' ? { statusCode: code } : { code })
      const error = toKafkaJSError(foreign, { operation: 'send', topic: 't', mechanism: 'PLAIN' })
      const found = errorRowOf(foreign)
      // Rows that are told apart by the text of the other side come under another here.
      if (found !== row) return
      if (becomes.kind === 'protocol') expect(error.message.startsWith(`${texts.get(becomes.type)}`)).toBe(true)
      if (becomes.kind === 'authentication') expect(error.message).toMatch(/^SASL PLAIN authentication failed/)
    },
  )

  it('also of what a provider says by itself', () => {
    const own = new KafkaJSSASLAuthenticationError('The shared access signature expired')
    const error = toKafkaJSError(own, { mechanism: 'OAUTHBEARER' })
    expect(error).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: 'SASL OAUTHBEARER authentication failed: The shared access signature expired',
    })
    expect(toKafkaJSError(error, { mechanism: 'OAUTHBEARER' })).toBe(error)
  })
})

it('no advice promises what an error that has come to its end does not keep', () => {
  const promises = errorTable.filter(({ advice = '' }) => /\bagain\b|\bretried\b|next attempt/i.test(advice))
  expect(promises.map(({ advice }) => advice)).toEqual([])
})

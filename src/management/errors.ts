import { isRestError } from '@azure/core-rest-pipeline'
import { type KafkaJSError, KafkaJSNumberOfRetriesExceeded, KafkaJSSASLAuthenticationError } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { toKafkaJSError } from '../translate/error.js'

/** A management request that failed: with an answer (`status`), or without one (`cause`). */
export interface ManagementFailure {
  /** The operation that was tried, as the message begins: "Create the event hub". */
  readonly operation: string
  /** The event hub it was about. */
  readonly topic?: string
  /** HTTP status of the answer. */
  readonly status?: number
  /** The service's own words. */
  readonly detail?: string | undefined
  readonly cause?: unknown
  /** The number of retries of the transport before it gave up. */
  readonly retries?: number
}

/**
 * The error of kafkajs's family for a failed management request. What the transport has retried in vain comes as
 * `KafkaJSNumberOfRetriesExceeded`, so that nobody retries it again.
 */
export function managementFailure(failure: ManagementFailure): KafkaJSError {
  const { operation, topic, status, detail, retries = 0 } = failure
  const cause = withoutRequest(failure.cause)
  if (status === undefined) {
    return exhausted(toKafkaJSError(cause, { operation, ...(topic !== undefined && { topic }) }), retries)
  }
  const subject = topic === undefined ? operation : `${operation} "${topic}"`
  const message = `${subject}: ${advice(failure)} (HTTP ${status}${detail ? `: ${detail}` : ''})`
  if (isBadToken(status, detail)) {
    return new KafkaJSSASLAuthenticationError(message, { cause })
  }
  const error = createProtocolError(protocolErrorType(failure), { message, cause })
  const named = topic === undefined ? error : Object.assign(error, { topic })
  return isPassing(failure) ? exhausted(named, retries) : named
}

/** Errors of the HTTP client hold the request, and with it the token and the proxy's password. */
export function withoutRequest(error: unknown): unknown {
  if (!isRestError(error)) return error
  const { name, message, code, statusCode, stack } = error
  return Object.assign(new Error(message), { name, code, statusCode, stack })
}

function exhausted(error: KafkaJSError, retries: number): KafkaJSError {
  return error.retriable && retries > 0
    ? new KafkaJSNumberOfRetriesExceeded(error, { retryCount: retries, retryTime: 0 })
    : error
}

/** Busy or broken for now: what the transport retries. */
function isPassing({ status = 0, detail = '' }: ManagementFailure): boolean {
  return status === 408 || status === 429 || status >= 500 || isPassingConflict(status, detail)
}

/** 409 with sub-code 40901 is not "exists" but "another conflicting operation is in progress". */
export function isPassingConflict(status: number, detail: string): boolean {
  return status === 409 && /SubCode=40901\b|conflicting operation|in progress/i.test(detail)
}

/** The credential itself is wrong, not what it allows. */
export function isBadToken(status: number, detail = ''): boolean {
  return status === 401 && /InvalidSignature|ExpiredToken/i.test(detail)
}

function protocolErrorType(failure: ManagementFailure): string {
  const { status = 0, detail = '', topic } = failure
  if (isPassing(failure)) return 'REQUEST_TIMED_OUT'
  const denied = topic === undefined ? 'CLUSTER_AUTHORIZATION_FAILED' : 'TOPIC_AUTHORIZATION_FAILED'
  switch (status) {
    case 400:
      return badRequestType(detail)
    case 401:
      return denied
    case 403:
      // "403 Quota exceeded; Event Hub not created" (Create Event Hub); Resource Manager says 403 to missing roles.
      return /quota|exceed|limit/i.test(detail) ? 'POLICY_VIOLATION' : denied
    case 404:
      return 'UNKNOWN_TOPIC_OR_PARTITION'
    case 409:
      return 'TOPIC_ALREADY_EXISTS'
    default:
      return 'INVALID_REQUEST'
  }
}

function badRequestType(detail: string): string {
  if (/partition/i.test(detail)) return 'INVALID_PARTITIONS'
  if (/retention|cleanup|compact|timestamp/i.test(detail)) return 'INVALID_CONFIG'
  if (/\b(?:name|path)\b/i.test(detail)) return 'INVALID_TOPIC_EXCEPTION'
  return 'INVALID_REQUEST'
}

function advice({ status = 0, detail = '' }: ManagementFailure): string {
  if (isPassingConflict(status, detail)) return 'another operation on it is in progress'
  if (isBadToken(status, detail)) return 'not authenticated; check the key, the signature or the clock'
  switch (status) {
    case 400:
      return 'the service refuses the request'
    case 401:
      return 'not allowed; it takes a shared access rule of the namespace with Manage, or a role such as Azure Event Hubs Data Owner'
    case 403:
      return 'not allowed, or a quota of the namespace is used up'
    case 404:
      return 'there is no such event hub'
    case 409:
      return 'it exists already, or something else of that name does'
    case 429:
      return 'the service is busy'
    default:
      return status >= 500 ? 'the service is busy or failing' : 'the service refuses the request'
  }
}

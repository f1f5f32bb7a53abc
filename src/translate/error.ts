import {
  isKafkaJSError,
  KafkaJSAggregateError,
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSOffsetOutOfRange,
  KafkaJSSASLAuthenticationError,
} from '../errors/index.js'
import { createProtocolError, protocolErrorRow } from '../errors/protocol-errors.js'
import { toError } from '../errors/thrown.js'
import { redactError } from '../util/redact.js'
import type { ErrorKind, ErrorRow, ErrorTraits } from './error-row.js'
import { errorTable } from './error-table.js'

/** kafkajs's names of the mechanisms that Event Hubs has. */
export type SaslMechanism = 'PLAIN' | 'OAUTHBEARER'

/** Source of a foreign error, to be named in its message. */
export interface ErrorContext {
  /** The operation that was being done, e.g. `send`. */
  readonly operation?: string
  readonly topic?: string
  readonly partition?: number
  /** `host:port`. */
  readonly broker?: string
  /** The mechanism of kafkajs's that the credential stands for, where that is known. */
  readonly mechanism?: SaslMechanism | undefined
}

/** The fields that errors of the SDK, of rhea, of Node and of HTTP clients have, as far as they are looked at. */
interface ForeignError {
  name?: unknown
  message?: unknown
  description?: unknown
  code?: unknown
  condition?: unknown
  errorCode?: unknown
  statusCode?: unknown
  status?: unknown
  retryable?: unknown
  cause?: unknown
  errors?: unknown
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** A WebSocket that was refused says so in its message only (package `ws`). */
const upgradeStatus = (message: string) => Number(/^Unexpected server response: (\d{3})/.exec(message)?.[1] ?? 0)

function traitsOf(error: ForeignError): ErrorTraits {
  const message = text(error.message) || text(error.description)
  const status = Number(error.statusCode ?? error.status ?? 0) || upgradeStatus(message)
  return {
    name: text(error.name),
    code: text(error.code) || text(error.errorCode),
    condition: text(error.condition),
    status,
    message,
  }
}

function matches(row: ErrorRow, traits: ErrorTraits): boolean {
  const { name, code, condition, status, message } = traits
  const known = row.codes.some((key) =>
    typeof key === 'number' ? key === status : key === name || key === code || key === condition,
  )
  if (row.codes.length > 0 && !known) return false
  return row.text === undefined || row.text.test(message)
}

/**
 * Of an error that holds others, the one that says what happened: exhausted retries of the SDK come as an
 * `AggregateError` without a text, a failed `fetch`, or its body cut short, as a `TypeError` whose cause is the network's.
 */
function innermost(error: unknown, depth = 0): unknown {
  if (typeof error !== 'object' || error === null || depth > 8) return error
  const { errors, cause, name } = error as ForeignError
  if (name === 'AggregateError' && Array.isArray(errors) && errors.length > 0) {
    const inner = errors.map((item) => innermost(item, depth + 1))
    // One that ends the retrying decides over those that were retried.
    return inner.find((item) => (item as ForeignError | null)?.retryable === false) ?? inner.at(-1)
  }
  if (name === 'TypeError' && cause) return innermost(cause, depth + 1)
  return error
}

function where({ operation, topic, partition, broker }: ErrorContext): string {
  const place = [
    topic !== undefined && `topic "${topic}"`,
    partition !== undefined && `partition ${partition}`,
    broker !== undefined && `broker ${broker}`,
  ].filter(Boolean)
  return [operation, place.length > 0 && `${operation ? 'on ' : ''}${place.join(', ')}`].filter(Boolean).join(' ')
}

const sentence = (words: string) => (words === '' || /[.!?]$/.test(words) ? words : `${words}.`)

const asForeign = (error: unknown): ForeignError =>
  typeof error === 'object' && error !== null ? error : { message: String(error) }

const rowOf = (traits: ErrorTraits) => errorTable.find((row) => matches(row, traits))

/** The row of the table that an error falls under, if any. */
export const errorRowOf = (error: unknown): ErrorRow | undefined => rowOf(traitsOf(asForeign(innermost(error))))

/** The text of an error: what it is (where): what the other side says. What to do. */
function compose(title: string, context: ErrorContext, said: string, advice = ''): string {
  const place = where(context)
  const head = place ? `${title} (${place})` : title
  const body = said && !title.includes(said) ? `${head}: ${said}` : head
  return advice ? `${sentence(body.trim())} ${advice}` : body
}

function build(
  becomes: ErrorKind,
  traits: ErrorTraits,
  context: ErrorContext,
  cause: unknown,
  advice?: string,
): KafkaJSError {
  const { message: said, code } = traits
  const { topic, partition, broker } = context
  switch (becomes.kind) {
    case 'protocol': {
      const { type, retriable } = becomes
      const message = compose(protocolErrorRow(type).message, context, said, advice)
      return createProtocolError(type, { message, cause, ...(retriable !== undefined && { retriable }) })
    }
    case 'offset-out-of-range': {
      const entry = protocolErrorRow('OFFSET_OUT_OF_RANGE')
      const message = compose(entry.message, context, said, advice)
      const place = { ...(topic !== undefined && { topic }), ...(partition !== undefined && { partition }) }
      return new KafkaJSOffsetOutOfRange({ ...entry, message }, { ...place, cause })
    }
    case 'connection':
    case 'connection-closed': {
      // kafkajs's words for the two.
      const title = becomes.kind === 'connection' ? 'Connection error' : 'Closed connection'
      const message = compose(`${title}: ${said || code || traits.condition || traits.name}`, context, '', advice)
      if (becomes.kind === 'connection-closed') {
        const { host, port } = hostAndPort(broker)
        return new KafkaJSConnectionClosedError(message, { host, port, cause })
      }
      const { retriable } = becomes
      return new KafkaJSConnectionError(message, {
        ...(broker !== undefined && { broker }),
        ...(code && { code }),
        ...(retriable !== undefined && { retriable }),
        cause,
      })
    }
    case 'authentication':
      return new KafkaJSSASLAuthenticationError(compose(saslFailure(context), context, said, advice), { cause })
    case 'aborted':
      return new KafkaJSNonRetriableError(compose('The operation was ended before it was done', context, said), {
        cause,
      })
    case 'mistake':
      return new KafkaJSNonRetriableError(compose(said || traits.name, context, ''), { cause })
  }
}

/** The words that kafkajs's errors of the mechanism begin with. */
const saslFailure = ({ mechanism }: ErrorContext) => `SASL ${mechanism ? `${mechanism} ` : ''}authentication failed`

/** The words of a provider or credential, behind kafkajs's text. */
function asSaslFailure(error: KafkaJSSASLAuthenticationError, context: ErrorContext): KafkaJSSASLAuthenticationError {
  if (/^SASL\b/.test(error.message)) return error
  return new KafkaJSSASLAuthenticationError(`${saslFailure(context)}: ${error.message}`, {
    cause: error.cause ?? error,
  })
}

function hostAndPort(broker = ''): { host: string; port: number } {
  const at = broker.lastIndexOf(':')
  return { host: at < 0 ? broker : broker.slice(0, at), port: at < 0 ? 5671 : Number(broker.slice(at + 1)) }
}

/**
 * The one door for foreign errors: an error of kafkajs's family with the original as `cause`, and a message that says
 * what failed, where, and what to do. One that belongs to the family already is returned as it is. Secrets are taken out,
 * of the original too.
 */
export function toKafkaJSError(error: unknown, context: ErrorContext = {}): KafkaJSError {
  try {
    return translated(error, context)
  } catch {
    // Something that can't be looked at: a getter that throws, a proxy.
    return translated(toError(error), context)
  }
}

function translated(error: unknown, context: ErrorContext): KafkaJSError {
  if (error instanceof KafkaJSSASLAuthenticationError) return asSaslFailure(error, context)
  if (isKafkaJSError(error)) return error
  // Of the family, though not a KafkaJSError in kafkajs either.
  if (error instanceof KafkaJSAggregateError) return error as unknown as KafkaJSError
  const cause = error instanceof Error ? redactError(error) : error
  const telling = innermost(error)
  if (isKafkaJSError(telling)) return translated(telling, context)
  const foreign = asForeign(telling)
  const traits = traitsOf(foreign)
  const row = rowOf(traits)
  if (row) return build(row.becomes, traits, context, cause, row.advice)

  // Nothing known: whoever threw it may at least say whether trying again helps.
  const message = compose(traits.message || traits.name || 'Unknown error', context, '')
  const retriable = foreign.retryable !== false
  return traits.code || traits.condition
    ? createProtocolError('UNKNOWN', { message, retriable, cause })
    : new KafkaJSError(message, { retriable, cause })
}

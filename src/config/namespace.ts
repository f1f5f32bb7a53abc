import { KafkaJSConnectionError, KafkaJSNonRetriableError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import { withDeadline } from '../util/deadline.js'
import { isLoopback } from '../util/loopback.js'
import { redact } from '../util/redact.js'
import type { KafkaSettings } from './settings.js'

/** The namespace that `brokers`, or the connection string, names. */
export interface ResolvedNamespace {
  /** Host name without port. */
  readonly fullyQualifiedNamespace: string
  /** The port that was named. Matters for emulators only. */
  readonly port?: number
  /** A development emulator: plain TCP, no account. */
  readonly isEmulator: boolean
  /** `eventHubs.connectionString`, if given. */
  readonly connectionString?: string
}

interface Endpoint {
  readonly host: string
  readonly port?: number
}

const serviceHost = /\.servicebus\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)$/i

/** True for a host of Event Hubs, in any cloud. One that is not may still be a namespace, under a name of one's own. */
export const isServiceHost = (host: string): boolean => serviceHost.test(host)

/** `host`, `host:port`, `[::1]:port`, or a URL with either. */
function parseEndpoint(text: string): Endpoint | undefined {
  const authority = text
    .trim()
    .replace(/^[a-z+]+:\/\//i, '')
    .replace(/\/.*$/, '')
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:;=]+))(?::(\d+))?$/i.exec(authority)
  const host = match?.[1] ?? match?.[2]
  if (!host) return undefined
  return { host, ...(match?.[3] !== undefined && { port: Number(match[3]) }) }
}

/** What to do about a connection string that came with its quotes; undefined for one that has none. */
export const adviceOnQuotes = (text: string): string | undefined =>
  /^\s*["'`]/.test(text)
    ? 'it begins with a quotation mark, which is no part of it: take the quotes off (an env file of Docker keeps them)'
    : undefined

/** The fields of a connection string, names in lower case. */
export function parseConnectionString(text: string): ReadonlyMap<string, string> {
  const fields = text.split(';').flatMap((part): [string, string][] => {
    const at = part.indexOf('=')
    return at < 1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]]
  })
  return new Map(fields)
}

async function brokersOf({ brokers, connectionTimeout }: KafkaSettings): Promise<Endpoint[]> {
  let list: unknown = brokers
  if (typeof brokers === 'function') {
    try {
      list = await withDeadline(async () => brokers(), {
        ms: connectionTimeout,
        createError: () => new Error(`it gave no answer within ${connectionTimeout} ms`),
      })
    } catch (error) {
      const cause = toError(error)
      throw new KafkaJSConnectionError(`Failed to connect: "config.brokers" threw: ${cause.message}`, { cause })
    }
  }
  if (list === undefined || list === null)
    throw new KafkaJSNonRetriableError(
      'Failed to connect: brokers should not be null: name the namespace there, or set eventHubs.connectionString; is the environment variable set?',
    )
  if (!Array.isArray(list))
    throw new KafkaJSNonRetriableError(
      `Failed to connect: brokers should be an array such as ['<namespace>.servicebus.windows.net:9093'], not "${typeof list}"`,
    )
  if (list.length === 0) throw new KafkaJSNonRetriableError('Failed to connect: brokers array is empty')
  return list.map((broker: unknown, index) => {
    if (typeof broker !== 'string' || broker === '')
      throw new KafkaJSNonRetriableError(
        `Failed to connect: broker at index ${index} is invalid "${typeof broker}": it is ${broker === '' ? 'empty; is the environment variable set?' : shown(broker)}`,
      )
    const endpoint = parseEndpoint(broker)
    if (!endpoint)
      throw new KafkaJSNonRetriableError(
        `Failed to connect: broker at index ${index} is not of the form <namespace>.servicebus.windows.net:9093: it is ${shown(broker)}`,
      )
    return endpoint
  })
}

/** An entry as it was given: its beginning, without secrets. */
function shown(entry: unknown): string {
  const text = typeof entry === 'string' ? entry : toError(entry).message
  if (/shared_?access/i.test(text)) return 'a connection string: pass that as eventHubs.connectionString'
  return JSON.stringify(redact(text.length > 100 ? `${text.slice(0, 100)}…` : text))
}

/** A connection string in `sasl` that is of another namespace would be refused by this one, without a word of why. */
function refuseOtherNamespace({ sasl }: KafkaSettings, { host }: Endpoint): void {
  const { password } = (sasl ?? {}) as { password?: unknown }
  if (typeof password !== 'string') return
  const named = parseEndpoint(parseConnectionString(password).get('endpoint') ?? '')?.host
  if (!named || named.toLowerCase() === host.toLowerCase() || isLoopback(named) || isLoopback(host)) return
  throw new KafkaJSNonRetriableError(
    `Failed to connect: brokers name ${host}, and the connection string in sasl.password is of ${named}; take both of one namespace`,
  )
}

const same = (a: Endpoint, b: Endpoint) =>
  a.host.toLowerCase() === b.host.toLowerCase() && (!isLoopback(a.host) || a.port === b.port)

function fromConnectionString(connectionString: string): ResolvedNamespace {
  if (connectionString.trim() === '')
    throw new KafkaJSNonRetriableError(
      'Failed to connect: eventHubs.connectionString is empty; is the environment variable set?',
    )
  const fields = parseConnectionString(connectionString)
  const endpoint = parseEndpoint(fields.get('endpoint') ?? '')
  if (!endpoint)
    throw new KafkaJSNonRetriableError(
      `Failed to connect: eventHubs.connectionString has no Endpoint; ${adviceOnQuotes(connectionString) ?? 'copy it from the shared access policies of the namespace (Endpoint=sb://<namespace>.servicebus.windows.net/;SharedAccessKeyName=...)'}`,
    )
  return {
    fullyQualifiedNamespace: endpoint.host,
    ...(endpoint.port !== undefined && { port: endpoint.port }),
    isEmulator: fields.get('usedevelopmentemulator')?.toLowerCase() === 'true',
    connectionString,
  }
}

/**
 * Finds the namespace that a client is to connect to. Called for each connection, as a `brokers` function may answer
 * differently.
 *
 * @throws KafkaJSNonRetriableError for brokers that are missing, malformed or of more than one namespace.
 * @throws KafkaJSConnectionError (retriable) when the `brokers` function throws.
 */
export async function resolveNamespace(settings: KafkaSettings): Promise<ResolvedNamespace> {
  const { connectionString } = settings.eventHubs
  const fromString = connectionString === undefined ? undefined : fromConnectionString(connectionString)
  const namesNone = settings.brokers === undefined || (Array.isArray(settings.brokers) && settings.brokers.length === 0)
  if (fromString && namesNone) return fromString

  const [first, ...others] = await brokersOf(settings)
  if (!first) throw new KafkaJSNonRetriableError('Failed to connect: brokers array is empty')
  const different = others.find((other) => !same(first, other))
  if (different)
    throw new KafkaJSNonRetriableError(
      `Failed to connect: brokers name more than one Event Hubs namespace (${first.host} and ${different.host}); make one Kafka instance per namespace. The brokers of a Kafka cluster can't be reached: this package speaks AMQP to Event Hubs`,
    )
  refuseOtherNamespace(settings, first)
  if (fromString) {
    if (fromString.fullyQualifiedNamespace.toLowerCase() !== first.host.toLowerCase())
      throw new KafkaJSNonRetriableError(
        `Failed to connect: brokers name ${first.host}, and eventHubs.connectionString names ${fromString.fullyQualifiedNamespace}; leave brokers out, or make them agree`,
      )
    return fromString
  }
  return {
    fullyQualifiedNamespace: first.host,
    ...(first.port !== undefined && { port: first.port }),
    isEmulator: isLoopback(first.host) && !settings.ssl,
  }
}

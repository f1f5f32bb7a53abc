import { isServiceHost } from '../config/namespace.js'
import type { KafkaSettings } from '../config/settings.js'
import { KafkaJSConnectionError, KafkaJSNonRetriableError } from '../errors/index.js'
import type { NamespaceAddress } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import { toLastError } from '../instrumentation/last-error.js'
import { type RetrySettings, retry } from '../retry/retry.js'
import { toBroker } from '../translate/cluster.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { ConnectionDiagnostics, LastError } from '../types/diagnostics.js'
import type { Logger } from '../types/index.js'
import { withDeadline } from '../util/deadline.js'
import { isLoopback } from '../util/loopback.js'
import type { ClientContext, NamespaceAccess } from './context.js'

/** A client's way to its namespace, until it is closed. */
export interface Connection extends NamespaceAccess {
  readonly address: NamespaceAddress
  /** Runs requests as the client's, timed and told of. */
  readonly requests: Requests
  /** Aborts when it is closed. */
  readonly closing: AbortSignal
  /** The checkpoint store; rejects with `KafkaJSNonRetriableError` when there is none, saying what `purpose` needs it for. */
  requireStore(purpose: string): Promise<CheckpointStore>
}

/**
 * Opens and closes the connection of a producer, consumer or admin client, any number of times. All three connect, try
 * again, log and tell of it in this one way.
 */
export interface Connector {
  /**
   * The connection, before anything is known of the other side: `brokers` and credentials are resolved, nothing is asked.
   * Not tried again.
   */
  open(): Promise<Connection>
  /**
   * Makes sure that the namespace answers and takes the credential, trying again. Concurrent calls are one, a success
   * holds until `close()`, and after a failure the next call begins anew. The signal ends the waiting of this caller.
   */
  connect(signal?: AbortSignal): Promise<Connection>
  /**
   * Runs what a program may leave unawaited, true when it was done. When `close()` ends it, it resolves, as in kafkajs: a
   * program that disconnects at once is not to end with an unhandled rejection.
   */
  untilClosed(operation: () => Promise<unknown>): Promise<boolean>
  /** Ends what is being tried, and closes what is open. */
  close(): Promise<void>
  /**
   * True when a failure to authenticate may pass: the service has taken a credential of the provider before, and the
   * provider may give another.
   */
  mayAuthenticateAgain(): boolean
  /** The state of it at the moment. */
  diagnostics(): ConnectionDiagnostics
}

export interface ConnectorOptions {
  readonly context: ClientContext
  readonly requests: Requests
  readonly retry: RetrySettings
  readonly logger: Logger
}

/** The connection between two calls of `close()`. */
interface Session {
  readonly closing: AbortController
  opened?: Promise<Connection> | undefined
  connected?: Promise<Connection> | undefined
  /** The one that `opened` has come to. */
  connection?: Connection | undefined
  isConnected?: boolean
}

export function createConnector(options: ConnectorOptions): Connector {
  const { context, requests, logger } = options
  let current: Session = { closing: new AbortController() }
  let lastError: LastError | null = null
  let mayAuthenticateAgain = false

  const open = (session: Session): Promise<Connection> => {
    if (session.opened) return session.opened
    const opening = context.open(requests, options.retry).then((access) => {
      session.connection = toConnection(access, requests, session.closing.signal)
      return session.connection
    })
    session.opened = opening
    opening.catch(() => {
      if (session.opened === opening) session.opened = undefined
    })
    return opening
  }

  /** Each attempt resolves `brokers` anew: what they name may have changed. */
  const attempt = async (session: Session): Promise<Connection> => {
    try {
      const connection = await open(session)
      await verify(connection, context.settings)
      session.isConnected = true
      mayAuthenticateAgain = !connection.isCredentialFixed
      return connection
    } catch (error) {
      if (!session.closing.signal.aborted) lastError = toLastError(error)
      const { connection } = session
      session.opened = undefined
      session.connection = undefined
      await connection?.close()
      throw error
    }
  }

  const connect = (session: Session): Promise<Connection> => {
    if (session.connected) return session.connected
    let failures = 0
    const connecting = retry(() => attempt(session), options.retry, {
      signal: session.closing.signal,
      onRetry({ message }, { retryCount, retryTime }) {
        failures++
        logger.error(`Failed to connect, trying again: ${message}`, { retryCount, retryTime })
      },
    }).then((connection) => {
      if (failures > 0) logger.info('Connected', { broker: connection.address.broker, retryCount: failures })
      return connection
    })
    session.connected = connecting
    connecting.catch(() => {
      if (session.connected === connecting) session.connected = undefined
    })
    return connecting
  }

  return {
    open: () => open(current),
    connect: (signal) => untilAborted(connect(current), signal),
    async untilClosed(operation) {
      const { signal } = current.closing
      try {
        await operation()
        return true
      } catch (error) {
        if (signal.aborted) return false
        throw error
      }
    },
    async close() {
      const { closing, opened, connected } = current
      current = { closing: new AbortController() }
      closing.abort()
      // Whoever wanted them has been told of their failures.
      await connected?.catch(() => undefined)
      const connection = await opened?.catch(() => undefined)
      await connection?.close()
    },
    mayAuthenticateAgain: () => mayAuthenticateAgain,
    diagnostics() {
      const { opened, connected, connection, isConnected } = current
      const isTried = opened !== undefined || connected !== undefined
      return {
        state: isConnected ? 'connected' : isTried ? 'connecting' : 'disconnected',
        broker: connection?.address.broker ?? null,
        ...(connection?.transport.connections() ?? { open: 0, opened: 0, lost: 0 }),
        lastError,
      }
    },
  }
}

function toConnection(access: NamespaceAccess, requests: Requests, closing: AbortSignal): Connection {
  return {
    ...access,
    address: access.transport.address,
    requests,
    closing,
    async requireStore(purpose) {
      const store = await access.store()
      if (store) return store
      throw new KafkaJSNonRetriableError(
        `${purpose} needs a checkpoint store, as Event Hubs keeps no groups and offsets over AMQP: pass new Kafka({ eventHubs: { checkpointStore: 'https://<account>.blob.core.windows.net/<container>' } }), or set KAFKAJS_EVENTHUBS_CHECKPOINT_STORE`,
      )
    },
  }
}

async function verify(
  { transport, requests, closing }: Connection,
  { connectionTimeout: ms, ssl }: KafkaSettings,
): Promise<void> {
  const { broker } = transport.address
  const createError = () =>
    new KafkaJSConnectionError(`Connection timeout: no answer within ${ms} ms`, { broker, code: 'ETIMEDOUT' })
  const request = requests.run(
    'ApiVersions',
    broker,
    (timeout) =>
      withDeadline((abortSignal) => transport.verify({ abortSignal }), {
        ms,
        signal: AbortSignal.any([timeout, closing]),
        createError,
      }),
    { timeout: ms },
  )
  await request.catch((error: unknown) => {
    throw withAdvice(error, transport.address, Boolean(ssl))
  })
}

/** The advice that comes to mind where nobody answers who could be meant. */
function withAdvice(
  error: unknown,
  { fullyQualifiedNamespace: host, broker }: NamespaceAddress,
  tls: boolean,
): unknown {
  // What is not worth another attempt, such as a certificate, has said itself what to do.
  if (!(error instanceof KafkaJSConnectionError) || !error.retriable || isServiceHost(host)) return error
  const advice = isLoopback(host)
    ? emulatorAdvice(error, broker, tls)
    : `${host} is no Event Hubs namespace such as <name>.servicebus.windows.net: this package speaks AMQP to Event Hubs, and can't reach the brokers of a Kafka cluster.`
  const { message, code, retriable, cause } = error
  return new KafkaJSConnectionError(`${message} ${advice}`, {
    broker,
    ...(code !== undefined && { code }),
    retriable,
    cause,
  })
}

/** Codes of addresses at which nobody answers. */
const SILENT: readonly unknown[] = ['ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL']

function emulatorAdvice({ code }: KafkaJSConnectionError, broker: string, tls: boolean): string {
  if (SILENT.includes(code)) {
    return `No emulator answers at ${broker}: start one with "npx kafkajs-eventhubs emulator --port ${toBroker(broker).port}", or take the port of the one that runs.`
  }
  return tls
    ? `An emulator without a certificate is reached without TLS: leave ssl out.`
    : `What answers at ${broker} is no emulator, or it is one with a certificate: that is reached with ssl: true.`
}

/** Other callers may wait for the same: what one does not wait for any more goes on. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

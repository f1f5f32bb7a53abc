import { setMaxListeners } from 'node:events'
import { type Connection, createConnector } from '../client/connection.js'
import type { ClientContext } from '../client/context.js'
import type { AdminSettings } from '../config/settings.js'
import { KafkaJSNotImplemented, protocolTypeOf } from '../errors/index.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import { type ApiName, createRequests, type Instrumentation } from '../instrumentation/events.js'
import type { Management } from '../management/management.js'
import { retry } from '../retry/retry.js'
import { toKafkaJSError } from '../translate/error.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { AdminEvents, Logger } from '../types/index.js'

/**
 * The connection and requests of admin methods: a connection made on first use, and requests that are timed, retried
 * and told of.
 */
export interface AdminSession {
  readonly logger: Logger
  connect(): Promise<void>
  disconnect(): Promise<void>
  /** Connects if need be. */
  connection(): Promise<Connection>
  /** The same's transport. */
  transport(): Promise<EventHubsTransport>
  /** Rejects with KafkaJSNotImplemented when management is switched off. */
  management(method: string): Promise<Management>
  /** Rejects with KafkaJSNonRetriableError when none is configured. */
  store(method: string): Promise<CheckpointStore>
  /** Runs an operation over AMQP or on the store, again while it fails and trying again may help. */
  request<T>(apiName: ApiName, operation: (signal: AbortSignal) => Promise<T>, options?: RequestOptions): Promise<T>
  /** Runs an operation of the management API, which retries by itself. */
  manage<T>(apiName: ApiName, operation: () => Promise<T>): Promise<T>
  /** Tries again as the settings say. */
  retry<T>(operation: () => Promise<T>, onRetry: (error: Error, retryCount: number) => void): Promise<T>
}

export interface RequestOptions {
  /** Types of retriable protocol errors that are not tried again all the same. */
  readonly bailOn?: readonly string[]
}

export interface AdminSessionOptions {
  readonly context: ClientContext
  readonly settings: AdminSettings
  readonly instrumentation: Instrumentation<AdminEvents>
  readonly logger: Logger
}

export function createAdminSession({ context, settings, instrumentation, logger }: AdminSessionOptions): AdminSession {
  const { clientId, requestTimeout, enforceRequestTimeout } = context.settings
  const requests = createRequests({ instrumentation, clientId, requestTimeout, enforceRequestTimeout })
  const connector = createConnector({ context, requests, retry: settings.retry, logger })
  context.clients.admins.add(connector, (id) => {
    const connection = connector.diagnostics()
    return connection.state === 'disconnected' ? undefined : { id, connection }
  })

  /** The one that `CONNECT` has told of: a call that connects on its way tells as well. */
  let told: Connection | undefined
  const connect = async (): Promise<Connection> => {
    const connection = await connector.connect()
    if (told !== connection && !connection.closing.aborted) {
      told = connection
      instrumentation.emit('CONNECT')
    }
    return connection
  }

  return {
    logger,

    async connect() {
      // Each call is told of, as by kafkajs.
      const isConnected = await connector.untilClosed(async () => {
        told = await connector.connect()
      })
      if (isConnected) instrumentation.emit('CONNECT')
    },

    async disconnect() {
      told = undefined
      await connector.close()
      instrumentation.emit('DISCONNECT')
    },

    connection: connect,
    transport: async () => (await connect()).transport,

    async management(method) {
      const management = await (await connect()).management()
      if (management) return management
      throw new KafkaJSNotImplemented(
        `admin.${method} needs the management API, as event hubs cannot be listed or changed over AMQP: remove eventHubs.management: false`,
      )
    },

    store: async (method) => (await connect()).requireStore(`admin.${method}`),

    async request(apiName, operation, { bailOn = [] } = {}) {
      const { closing, address } = await connect()
      const started = (signal: AbortSignal) => {
        // One request may ask about many partitions at once.
        setMaxListeners(0, signal)
        return operation(signal)
      }
      const attempt = async () => {
        try {
          return { value: await requests.run(apiName, address.broker, started) }
        } catch (thrown) {
          const error = isMistake(thrown) ? thrown : toKafkaJSError(thrown, { operation: apiName })
          if (bailOn.includes(protocolTypeOf(error))) return { error }
          throw error
        }
      }
      const outcome = await retry(attempt, settings.retry, {
        signal: closing,
        onRetry: ({ message }, { retryCount, retryTime }) =>
          logger.warn(`${apiName} failed, trying again`, { error: message, retryCount, retryTime }),
      })
      if ('error' in outcome) throw outcome.error
      return outcome.value
    },

    async manage(apiName, operation) {
      const { address } = await connect()
      const { retries, maxRetryTime } = settings.retry
      // Each attempt inside has the request timeout of its own.
      const timeout = (requestTimeout + maxRetryTime) * (retries + 1)
      return await requests.run(apiName, address.broker, operation, { timeout })
    },

    async retry(operation, onRetry) {
      const { closing } = await connect()
      return await retry(operation, settings.retry, {
        signal: closing,
        onRetry: (error, { retryCount }) => onRetry(error, retryCount),
      })
    },
  }
}

/** A mistake in the code of a store or credential: not to be told as the service's. */
function isMistake(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

import { setMaxListeners } from 'node:events'
import type { ClientContext } from '../client/context.js'
import type { AdminSettings } from '../config/settings.js'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import { type ApiName, createRequests, type Instrumentation } from '../instrumentation/events.js'
import type { Management } from '../management/management.js'
import { retry } from '../retry/retry.js'
import { toKafkaJSError } from '../translate/error.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { AdminEvents, Logger } from '../types/index.js'

/** What each admin method works with: a connection made on first use, and requests that are timed, retried and told of. */
export interface AdminSession {
  readonly logger: Logger
  connect(): Promise<void>
  disconnect(): Promise<void>
  /** Connects if need be. */
  transport(): Promise<EventHubsTransport>
  /** Rejects with KafkaJSNotImplemented when management is switched off. */
  management(method: string): Promise<Management>
  /** Undefined when management is switched off. */
  optionalManagement(): Promise<Management | undefined>
  /** Rejects with KafkaJSNonRetriableError when none is configured. */
  store(method: string): Promise<CheckpointStore>
  /** Undefined when none is configured. */
  optionalStore(): Promise<CheckpointStore | undefined>
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

/** A connection, open or being opened; `closing` ends what waits for it or on it. */
interface Connection {
  readonly closing: AbortController
  readonly transport: Promise<EventHubsTransport>
}

export function createAdminSession({ context, settings, instrumentation, logger }: AdminSessionOptions): AdminSession {
  const { clientId, requestTimeout, enforceRequestTimeout } = context.settings
  const requests = createRequests({ instrumentation, clientId, requestTimeout, enforceRequestTimeout })

  const open = ({ signal }: AbortController): Promise<EventHubsTransport> =>
    retry(
      async () => {
        const transport = await context.openTransport()
        try {
          await transport.verify({ abortSignal: signal })
          return transport
        } catch (error) {
          await transport.close()
          throw error
        }
      },
      settings.retry,
      {
        signal,
        onRetry: ({ message }, { retryCount, retryTime }) =>
          logger.warn('Failed to connect, trying again', { error: message, retryCount, retryTime }),
      },
    )

  let current: Connection | undefined

  /** Concurrent calls share one attempt; after a failure the next call tries again. */
  const connection = (): Connection => {
    if (current) return current
    const closing = new AbortController()
    const opening: Connection = { closing, transport: open(closing) }
    opening.transport.then(
      () => instrumentation.emit('CONNECT'),
      () => {
        if (current === opening) current = undefined
      },
    )
    current = opening
    return opening
  }

  const close = async ({ closing, transport }: Connection) => {
    closing.abort()
    const opened = await transport.catch(() => undefined)
    if (!opened) return
    const management = await context.management(opened).catch(() => undefined)
    await management?.close()
    await opened.close()
  }

  const transport = () => connection().transport
  const optionalManagement = async () => context.management(await transport())
  const optionalStore = async () => context.checkpointStore(await transport())

  return {
    logger,

    async connect() {
      const isOpenAlready = current !== undefined
      await transport()
      // One that is opened here tells by itself, as one that another call opens on its way.
      if (isOpenAlready) instrumentation.emit('CONNECT')
    },

    async disconnect() {
      const open = current
      current = undefined
      if (open) await close(open)
      instrumentation.emit('DISCONNECT')
    },

    transport,

    async management(method) {
      const management = await optionalManagement()
      if (management) return management
      throw new KafkaJSNotImplemented(
        `admin.${method} needs the management API, as event hubs cannot be listed or changed over AMQP: remove eventHubs.management: false`,
      )
    },

    optionalManagement,

    async store(method) {
      const store = await optionalStore()
      if (store) return store
      throw new KafkaJSNonRetriableError(
        `admin.${method} needs a checkpoint store, where Event Hubs clients keep groups and offsets: set eventHubs.checkpointStore, e.g. to 'https://<account>.blob.core.windows.net/<container>'`,
      )
    },

    optionalStore,

    async request(apiName, operation, { bailOn = [] } = {}) {
      const { closing, transport } = connection()
      const { address } = await transport
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
          if (bailOn.includes((error as { type?: string }).type ?? '')) return { error }
          throw error
        }
      }
      const outcome = await retry(attempt, settings.retry, {
        signal: closing.signal,
        onRetry: ({ message }, { retryCount, retryTime }) =>
          logger.warn(`${apiName} failed, trying again`, { error: message, retryCount, retryTime }),
      })
      if ('error' in outcome) throw outcome.error
      return outcome.value
    },

    async manage(apiName, operation) {
      const { address } = await transport()
      const { retries, maxRetryTime } = settings.retry
      // Each attempt inside has the request timeout of its own.
      const timeout = (requestTimeout + maxRetryTime) * (retries + 1)
      return await requests.run(apiName, address.broker, operation, { timeout })
    },

    async retry(operation, onRetry) {
      const { closing } = connection()
      return await retry(operation, settings.retry, {
        signal: closing.signal,
        onRetry: (error, { retryCount }) => onRetry(error, retryCount),
      })
    },
  }
}

/** A mistake in the code of a store or credential: not to be told as the service's. */
function isMistake(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

import type { EventHubProducerClient } from '@azure/event-hubs'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import type { Logger } from '../../types/index.js'
import { createDeferred } from '../../util/deferred.js'
import type { OpenStream } from './amqp-socket.js'
import { closeWithin } from './close-within.js'
import { WatchedConnection } from './watched-connection.js'

export interface HubClientOptions {
  /** The credential that the client has. */
  readonly given: ConnectionCredential
  readonly openStream: OpenStream
  readonly connectTimeout: number
  readonly logger: Logger
  /** No more calls should come this way; those in progress end as they may. */
  onRetired(client: HubClient): void
}

export interface CallOptions {
  /** Ms, after which the call is given up. */
  readonly timeout: number
  readonly abortSignal?: AbortSignal | undefined
}

/**
 * A client of the SDK to ask about an event hub with, and its connection. It serves for one connection: when that or one
 * of its links ends it is retired, and closed with its last call. So nothing reconnects by itself, and a call does not
 * wait out its timeout when the link beneath it has gone.
 */
export class HubClient {
  lastUsed = 0
  readonly #sdk: EventHubProducerClient
  readonly #watched: WatchedConnection
  readonly #options: HubClientOptions
  /** The functions that end each call in progress. */
  readonly #calls = new Set<(error: Error) => void>()
  readonly #closed = createDeferred()
  #isRetired = false
  #isClosing = false

  constructor(options: HubClientOptions, open: (connection: WatchedConnection) => EventHubProducerClient) {
    this.#options = options
    this.#watched = new WatchedConnection(options, {
      onLost: (error) => this.#onEnd(error),
      onLinkEnd: (_linkName, error, wasEstablished) => wasEstablished && this.#onEnd(error),
    })
    this.#sdk = open(this.#watched)
  }

  /** The credential it goes with. */
  get given(): ConnectionCredential {
    return this.#options.given
  }

  get isBusy(): boolean {
    return this.#calls.size > 0
  }

  /** Rejects with what ended the call: the caller's signal, the time, a link, the connection, or the service. */
  async call<T>(
    operation: (sdk: EventHubProducerClient, signal: AbortSignal) => Promise<T>,
    { timeout, abortSignal }: CallOptions,
  ): Promise<T> {
    const controller = new AbortController()
    let reason: Error | undefined
    // The SDK does not look at the signal while it waits for a token.
    const interruption = createDeferred<never>()
    interruption.promise.catch(() => {})
    const end = (error: Error) => {
      reason ??= error
      controller.abort()
      interruption.reject(error)
    }
    const onAbort = () => end(abortError(abortSignal))
    const timer = setTimeout(() => {
      end(timeoutError(timeout))
      this.retire()
    }, timeout)
    abortSignal?.addEventListener('abort', onAbort, { once: true })
    if (abortSignal?.aborted) onAbort()
    this.#calls.add(end)
    this.lastUsed = Date.now()
    try {
      if (this.#watched.ended) throw this.#watched.ended
      return await Promise.race([operation(this.#sdk, controller.signal), interruption.promise])
    } catch (error) {
      if (isOfConnection(error)) this.retire()
      throw reason ?? this.#watched.ended ?? error
    } finally {
      clearTimeout(timer)
      abortSignal?.removeEventListener('abort', onAbort)
      this.#calls.delete(end)
      if (this.#isRetired && !this.isBusy) void this.#close()
    }
  }

  /** Takes no more calls, and closes after the last one in progress. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#options.onRetired(this)
    if (!this.isBusy) void this.#close()
  }

  /** Closes after the calls in progress, or ends them when `atOnce`. Resolves when closed; never rejects. */
  closed(atOnce = false): Promise<void> {
    this.retire()
    if (atOnce) {
      const error = Object.assign(new Error('Disconnected while a request was in progress'), { code: 'ECONNABORTED' })
      for (const end of this.#calls) end(error)
      void this.#close()
    }
    return this.#closed.promise
  }

  async #close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    await closeWithin(() => this.#sdk.close(), this.#options.logger, this.#watched.ended !== undefined)
    this.#watched.destroy()
    this.#closed.resolve()
  }

  #onEnd(error: Error): void {
    for (const end of this.#calls) end(error)
    this.retire()
  }
}

/** The conditions that are about an event hub or a partition; the connection is as good as before. */
const entityCodes = new Set([
  'ArgumentError',
  'ArgumentOutOfRangeError',
  'MessagingEntityNotFoundError',
  'QuotaExceededError',
  'ServerBusyError',
])

function isOfConnection(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return false
  const { code } = error as { code?: unknown }
  return typeof code !== 'string' || !entityCodes.has(code)
}

function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('The operation was aborted')
}

function timeoutError(timeout: number): Error {
  return Object.assign(new Error(`No answer within ${timeout} ms`), { code: 'OperationTimeoutError' })
}

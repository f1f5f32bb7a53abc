import { setMaxListeners } from 'node:events'
import type { ConnectionContextBase } from '@azure/core-amqp'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import type { Logger } from '../../types/index.js'
import { withDeadline } from '../../util/deadline.js'
import { timerDelay } from '../../util/timers.js'
import { type Claim, claimFor, openContext } from './amqp-context.js'
import { connectionLost, type OpenStream } from './amqp-socket.js'
import { closeWithin } from './close-within.js'
import { type ConnectionEvents, WatchedConnection } from './watched-connection.js'

export interface AuthorizedConnectionOptions {
  readonly fullyQualifiedNamespace: string
  readonly openStream: OpenStream
  /** The longest time opening may take, ms. */
  readonly connectTimeout: number
  /** The longest time the service may take to judge a token, ms. */
  readonly requestTimeout: number
  readonly logger: Logger
  readonly events?: ConnectionEvents
  /**
   * Puts the credential for an event hub before the service, and others where it is refused and there may be some. Rejects
   * when it is for another event hub only.
   */
  withCredential<T>(
    eventHubName: string,
    put: (credential: ConnectionCredential['credential']) => Promise<T>,
  ): Promise<T>
}

/** The right to one address of an event hub, renewed for as long as it is needed. */
export interface Authorization {
  /** No next token is put. */
  release(): void
}

/**
 * Links that one connection takes before another is opened. The service allows 5,000 sessions, of which each link has one.
 * The AMQP library has a listener for each link that is being opened or closed, and Node.js warns of more than 1,000.
 */
export const mostLinks = 450

type Session = Awaited<ReturnType<ConnectionContextBase['connection']['createSession']>>

/**
 * One AMQP connection for links to any number of event hubs: it is opened with the first use, puts a token for each
 * address, and is used no more once it has ended. Whoever has links on it opens another.
 */
export class AuthorizedConnection {
  readonly #options: AuthorizedConnectionOptions
  readonly #watched: WatchedConnection
  readonly #context: ConnectionContextBase
  readonly #farewell = new AbortController()
  readonly #authorizations = new Set<Renewal>()
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #ended: Error | undefined
  #isRetired = false

  constructor(options: AuthorizedConnectionOptions) {
    this.#options = options
    // Every link listens, and what it waits for.
    setMaxListeners(0, this.#farewell.signal)
    this.#watched = new WatchedConnection(options, {
      ...options.events,
      onLost: (error) => {
        this.#end(error)
        options.events?.onLost?.(error)
      },
    })
    this.#context = openContext(options.fullyQualifiedNamespace, this.#watched)
  }

  /** The error it has ended with, once it has. */
  get ended(): Error | undefined {
    return this.#ended ?? this.#watched.ended
  }

  /** Aborted when it ends. */
  get signal(): AbortSignal {
    return this.#farewell.signal
  }

  /** New links take another connection; those there are may go on. */
  get isRetired(): boolean {
    return this.#isRetired || this.ended !== undefined
  }

  /** The number of links on it, those that are being opened included. */
  get linkCount(): number {
    return this.#authorizations.size
  }

  /** Closes it with its last link. */
  retire(): void {
    this.#isRetired = true
    if (this.linkCount === 0) void this.close()
  }

  /** Writes beside the library: whole frames. */
  write(bytes: Buffer): void {
    this.#watched.write(bytes)
  }

  /** Retires it when nothing has been heard since then, on the clock of `performance.now()`: it may be broken unnoticed. */
  suspect(since: number): void {
    if (this.#watched.heardAt < since) this.retire()
  }

  /** Puts a token for an address of an event hub, and the next ones before it ends. */
  async authorize(eventHubName: string, address: string): Promise<Authorization> {
    const renewal: Renewal = {
      eventHubName,
      audience: `sb://${this.#options.fullyQualifiedNamespace}/${address}`,
      timer: undefined,
    }
    this.#authorizations.add(renewal)
    const release = () => {
      clearTimeout(renewal.timer)
      this.#authorizations.delete(renewal)
      if (this.#isRetired) this.retire()
    }
    try {
      await this.#putToken(renewal)
    } catch (error) {
      release()
      throw this.#ended ?? error
    }
    return { release }
  }

  /** Puts new tokens for everything at once: there is a new credential. */
  renew(): void {
    for (const renewal of this.#authorizations) if (renewal.timer) this.#renewIn(renewal, 0)
  }

  async openSession(abortSignal: AbortSignal): Promise<Session> {
    try {
      return await this.#context.connection.createSession({ abortSignal })
    } catch (error) {
      throw this.#ended ?? error
    }
  }

  /** Says goodbye and closes; links end with it. Resolves when it is closed, and never rejects. */
  close(): Promise<void> {
    this.#isRetired = true
    // What hears that it ends may ask for the same.
    this.#closing ??= Promise.resolve().then(() => this.#close())
    return this.#closing
  }

  async #close(): Promise<void> {
    const { connection } = this.#context
    const isGone = this.ended !== undefined || !connection.isOpen()
    this.#end(disconnected())
    if (!isGone) await closeWithin(() => connection.close(), this.#options.logger)
    this.#watched.destroy()
  }

  #end(reason: Error): void {
    this.#ended ??= this.#watched.ended ?? reason
    this.#farewell.abort(reason)
    for (const { timer } of this.#authorizations) clearTimeout(timer)
    this.#authorizations.clear()
  }

  /** The connection, and the links over which tokens are put. */
  #ready(): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended)
    this.#opening ??= this.#open().catch((error: Error) => {
      // Half of it may be there: it serves nobody.
      this.#end(error)
      this.#watched.destroy()
      throw this.#ended ?? error
    })
    return this.#opening
  }

  async #open(): Promise<void> {
    const { connectTimeout: ms } = this.#options
    const { cbsSession } = this.#context
    await withDeadline((abortSignal) => cbsSession.init({ abortSignal, timeoutInMs: ms }), {
      ms,
      signal: this.#farewell.signal,
      createError: () => timeoutError(`Connection timeout: not open after ${ms} ms`),
    })
  }

  async #putToken(renewal: Renewal): Promise<void> {
    const { audience, eventHubName } = renewal
    await this.#ready()
    const renewAfter = await this.#options.withCredential(eventHubName, async (credential) => {
      const since = performance.now()
      const claim = await claimFor(audience, credential)
      await this.#claim(claim, since)
      return claim.renewAfter
    })
    if (this.#authorizations.has(renewal)) this.#renewIn(renewal, renewAfter)
  }

  async #claim({ audience, token, type }: Claim, since: number): Promise<void> {
    const abortSignal = this.#farewell.signal
    if (this.#ended) throw this.#ended
    if (!this.#context.cbsSession.isOpen()) {
      this.retire()
      throw connectionLost('The service closed the link over which tokens are put')
    }
    try {
      const timeoutInMs = this.#options.requestTimeout
      await this.#context.cbsSession.negotiateClaim(audience, token, type, { timeoutInMs, abortSignal })
    } catch (error) {
      this.suspect(since)
      throw error
    }
  }

  /** A link lasts as long as its last token: if no next one is had the service ends it, and says why. */
  #renewIn(renewal: Renewal, delay: number): void {
    clearTimeout(renewal.timer)
    renewal.timer = setTimeout(() => {
      this.#putToken(renewal).catch((error: Error) => {
        if (!this.#authorizations.has(renewal)) return
        this.#options.logger.debug(`A token was not renewed: ${error.message}`, { audience: renewal.audience })
        this.#renewIn(renewal, Math.max(delay, shortestPause))
      })
    }, timerDelay(delay)).unref()
  }
}

interface Renewal {
  readonly eventHubName: string
  readonly audience: string
  timer: NodeJS.Timeout | undefined
}

/** Between two attempts to renew a token, ms. */
const shortestPause = 1000

/** The error that links and calls in progress end with when their owner closes the connection. */
const disconnected = () =>
  Object.assign(new Error('Disconnected while a request was in progress'), { code: 'ECONNABORTED' })

const timeoutError = (message: string) => Object.assign(new Error(message), { code: 'ETIMEDOUT', retryable: true })

import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth'
import { type KafkaJSError, KafkaJSSASLAuthenticationError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import { withDeadline } from '../util/deadline.js'
import type { Patience } from './patience.js'

/** The needs of a {@link RenewingToken} besides the credential. */
export interface RenewalOptions {
  /** The time before a token's end at which a new one is asked for, ms; at most a tenth of its life. */
  readonly threshold: number
  /** With the credential, while there is no valid token. */
  readonly patience: Patience
  /** The longest time the credential may take to answer, ms. */
  readonly timeout: number
  /** A token lives shorter than those before it: links must be opened anew to have it renewed in time. */
  onShorterLife(): void
}

/**
 * The time the SDK takes off a token's life to get the time after which it puts the next one: once, from the first
 * token of a link, and for good. A token that lives shorter would make it spin.
 */
const sdkMargin = 2 * 60 * 1000

/**
 * Links get their token again at least this often. Identity libraries hand out a cached token up to five minutes before
 * its end: a link must come by twice within them.
 */
const longestInterval = 2 * 60 * 1000
const shortestInterval = 250

/**
 * A credential whose tokens are fetched once for all links and renewed before they end, whatever they live. What it tells
 * the SDK as their end is the time at which a link is to get the next one.
 */
export class RenewingToken implements TokenCredential {
  readonly #source: TokenCredential
  readonly #options: RenewalOptions
  #current: { token: AccessToken; interval: number; threshold: number } | undefined
  #fetching: Promise<AccessToken> | undefined
  #isClosed = false

  constructor(source: TokenCredential, options: RenewalOptions) {
    this.#source = source
    this.#options = options
  }

  /** Rejects with KafkaJSSASLAuthenticationError when the credential keeps failing and no valid token is left. */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    // An HTTP API asks for more than the token has.
    if (options?.claims) this.invalidate()
    const token = await this.#usable(scopes, options)
    // The SDK's renewal timer may outlive its link: without an answer it ends.
    if (this.#isClosed) return new Promise(() => {})
    const interval = this.#current?.interval ?? longestInterval
    return { token: token.token, expiresOnTimestamp: Date.now() + sdkMargin + interval }
  }

  /** Forgets the token: the next one asked for is a new one. */
  invalidate(): void {
    this.#current = undefined
  }

  close(): void {
    this.#isClosed = true
  }

  async #usable(scopes: string | string[], options: GetTokenOptions | undefined): Promise<AccessToken> {
    const current = this.#current
    if (current && remaining(current.token) > current.interval + current.threshold) return current.token
    this.#fetching ??= this.#fetch(scopes, options).finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  /** Asks until there is a token, as long as there is none and patience lasts; of one in force, twice. */
  async #fetch(scopes: string | string[], options: GetTokenOptions | undefined): Promise<AccessToken> {
    for (let failures = 1; ; failures++) {
      try {
        return this.#keep(await this.#ask(scopes, options))
      } catch (error) {
        const current = this.#current?.token
        if (failures > 1 && current && remaining(current) > 0) return current
        await this.#options.patience.after(error as Error, failures)
      }
    }
  }

  #keep(token: AccessToken): AccessToken {
    this.#options.patience.satisfied()
    const life = remaining(token)
    const interval = Math.min(Math.max(life / 10, shortestInterval), longestInterval)
    const threshold = Math.min(this.#options.threshold, life / 10)
    const inForce = this.#current?.interval ?? 0
    // A source that hands out its last token to the end would have links opened anew without end.
    const isShorter = life < inForce * 2 && interval < inForce
    this.#current = { token, threshold, interval: isShorter ? interval : Math.max(interval, inForce) }
    if (isShorter) this.#options.onShorterLife()
    return token
  }

  async #ask(scopes: string | string[], options: GetTokenOptions | undefined): Promise<AccessToken> {
    try {
      return checked(await answerWithin(this.#options.timeout, () => this.#source.getToken(scopes, shared(options))))
    } catch (error) {
      throw authenticationError(error)
    }
  }
}

/** Without the signal of the one request that asks first: the token is for all. */
function shared({ claims, enableCae }: GetTokenOptions = {}): GetTokenOptions | undefined {
  if (claims === undefined && enableCae === undefined) return undefined
  return { ...(claims !== undefined && { claims }), ...(enableCae !== undefined && { enableCae }) }
}

/** Reads what a credential gave, which may be anything. */
function checked(given: AccessToken | null): AccessToken {
  const { token, expiresOnTimestamp = 0 } = given ?? {}
  if (!token) throw new KafkaJSSASLAuthenticationError('The credential gave no token')
  if (!(expiresOnTimestamp > Date.now())) {
    throw new KafkaJSSASLAuthenticationError(
      'The credential gave a token that has expired: check its source and this clock',
    )
  }
  return { token, expiresOnTimestamp }
}

/** Asks a credential or provider. One that never answers must not keep those who wait from asking again. */
export function answerWithin<T>(ms: number, ask: () => T | Promise<T>): Promise<T> {
  return withDeadline(async () => ask(), { ms, createError: () => new Error(`no answer within ${ms} ms`) })
}

/** Wraps what a credential or provider threw. */
export function authenticationError(error: unknown): KafkaJSError {
  const cause = toError(error)
  if (cause instanceof KafkaJSSASLAuthenticationError) return cause
  return new KafkaJSSASLAuthenticationError(`The credential gave no token: ${cause.message}`, { cause })
}

const remaining = (token: AccessToken) => token.expiresOnTimestamp - Date.now()

import type { NamedKeyCredential, SASCredential, TokenCredential } from '@azure/core-auth'
import { KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { RetrySettings } from '../retry/retry.js'
import { errorRowOf } from '../translate/error.js'
import { topicKey } from '../translate/names.js'
import type { AuthProvider, EventHubsCredential } from '../types/auth-provider.js'
import type { Logger } from '../types/index.js'
import { timerDelay } from '../util/timers.js'
import { wait } from '../util/wait.js'
import { createPatience, type Patience } from './patience.js'
import { createRefusals, type Refusals } from './refusals.js'
import { answerWithin, authenticationError, RenewingToken } from './renewing-token.js'
import { isFixed } from './sas.js'
import { expiryOfSignature, sharedAccessOf } from './shared-access.js'

/** The credential a connection is opened with. */
export interface ConnectionCredential {
  readonly credential: NamedKeyCredential | SASCredential | TokenCredential
  /** The one event hub that the credential is for. */
  readonly entityPath: string | undefined
}

export interface CredentialSourceOptions {
  readonly provider: AuthProvider
  readonly fullyQualifiedNamespace: string
  /** The time before a token's end at which a new one is asked for, ms; at most a tenth of its life. */
  readonly reauthenticationThreshold: number
  /** The longest time the provider, or the credential it gave, may take to answer, ms. */
  readonly timeout: number
  /** The retries of a provider, or of a credential it gave, that has worked before. */
  readonly retry: RetrySettings
  readonly logger: Logger
  /** Links opened from here on get what those open have not: they must be opened anew, without haste. */
  onReplaced(): void
}

/** Between two attempts to renew, ms. */
const shortestPause = 250

/**
 * The credential of all connections of one client. What renews itself (a key, a token credential) is asked for once; a
 * ready-made signature again before it ends.
 */
export class CredentialSource {
  readonly #options: CredentialSourceOptions
  readonly #tokens = new Set<RenewingToken>()
  readonly #leaving = new AbortController()
  readonly #patience: Patience
  /** While what there is still holds. */
  readonly #leisure: Patience
  /** One for all tokens: what is asked for after a refusal is no first one. */
  readonly #tokenPatience: Patience
  readonly #refusals: Refusals
  #current: Promise<ConnectionCredential> | undefined
  /** The one given last, until the service refuses it. */
  #latest: ConnectionCredential | undefined
  /** Before the provider is asked again. */
  #pause: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: CredentialSourceOptions) {
    this.#options = options
    const patience = { retry: options.retry, logger: options.logger, signal: this.#leaving.signal }
    this.#patience = createPatience({ ...patience, what: 'credential' })
    this.#leisure = createPatience({ ...patience, what: 'credential', retry: { ...options.retry, retries: 0 } })
    this.#tokenPatience = createPatience({ ...patience, what: 'token' })
    this.#refusals = createRefusals(options.retry, isFixed(options.provider))
  }

  /**
   * Rejects with KafkaJSSASLAuthenticationError when the provider fails: the first time twice, later for as long as the
   * retries last.
   */
  current(): Promise<ConnectionCredential> {
    if (!this.#current) {
      const ask = () => this.#ask(this.#patience)
      const asked = this.#pause ? this.#pause.then(ask) : ask()
      this.#current = asked
      asked.catch(() => {
        if (this.#current === asked) this.#current = undefined
      })
    }
    return this.#current
  }

  /** The same, for one event hub. Rejects when it is for another one only. */
  async currentFor(eventHubName: string): Promise<ConnectionCredential> {
    const given = await this.current()
    const { entityPath } = given
    if (entityPath && topicKey(entityPath) !== topicKey(eventHubName)) throw wrongEntity(entityPath, eventHubName)
    return given
  }

  /**
   * Runs what has the service judge a credential. Where it is refused, and the service has taken the provider's before,
   * the provider is asked for another and it is run again: at once, then for as long as the retries last.
   *
   * @param operation - gets the function to tell which credential it goes with
   */
  async attempt<T>(operation: (goesWith: (given: ConnectionCredential) => void) => Promise<T>): Promise<T> {
    for (;;) {
      const tried: { given?: ConnectionCredential } = {}
      try {
        const result = await operation((given) => {
          tried.given = given
        })
        if (tried.given) this.accepted(tried.given)
        return result
      } catch (error) {
        if (!tried.given || !isRefusal(error) || !this.refused(tried.given, error as Error)) throw error
      }
    }
  }

  /** The same, with the credential for one event hub. */
  attemptFor<T>(
    eventHubName: string,
    operation: (credential: ConnectionCredential['credential']) => Promise<T>,
  ): Promise<T> {
    return this.attempt(async (goesWith) => {
      const given = await this.currentFor(eventHubName)
      goesWith(given)
      return operation(given.credential)
    })
  }

  /** The service has taken it. */
  accepted(given: ConnectionCredential): void {
    // One of before tells nothing of what the provider gives now.
    if (given === this.#latest) this.#refusals.over()
  }

  /** The service has refused it. True: `current()` gives another, or will. */
  refused(given: ConnectionCredential, error: Error): boolean {
    // Told already: all links are refused when one is.
    if (given !== this.#latest) return !this.#refusals.isFinal
    this.#latest = undefined
    this.invalidate()
    const retryTime = this.#refusals.met(error)
    if (retryTime === undefined) return false
    this.#options.logger.warn(`The service refused the credential, asking for another: ${error.message}`, { retryTime })
    this.#pause = retryTime > 0 ? this.#paused(retryTime, error) : undefined
    this.#pause?.catch(() => {})
    return true
  }

  /** What was given holds no more: the next connection asks the provider, and that for a token, again. */
  invalidate(): void {
    this.#current = undefined
    for (const token of this.#tokens) token.invalidate()
  }

  /** Ends what waits to ask again. */
  leave(): void {
    this.#leaving.abort()
  }

  close(): void {
    this.leave()
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const token of this.#tokens) token.close()
  }

  async #paused(ms: number, error: Error): Promise<void> {
    await wait(ms, this.#leaving.signal)
    if (this.#leaving.signal.aborted) throw error
  }

  async #ask(patience: Patience): Promise<ConnectionCredential> {
    const { credential, entityPath } = await this.#answer(patience)
    this.#patience.satisfied()
    if ('signature' in credential) this.#useUntil(expiryOfSignature(credential.signature))
    this.#latest = { credential: 'getToken' in credential ? this.#renewing(credential) : credential, entityPath }
    return this.#latest
  }

  async #answer(patience: Patience): Promise<ConnectionCredential> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#call()
      } catch (error) {
        await patience.after(error as Error, failures)
      }
    }
  }

  async #call(): Promise<ConnectionCredential> {
    const { provider, fullyQualifiedNamespace, timeout } = this.#options
    try {
      return partsOf(await answerWithin(timeout, () => provider.getCredential({ fullyQualifiedNamespace })))
    } catch (error) {
      throw authenticationError(error)
    }
  }

  #renewing(source: TokenCredential): RenewingToken {
    const token = new RenewingToken(source, {
      threshold: this.#options.reauthenticationThreshold,
      patience: this.#tokenPatience,
      timeout: this.#options.timeout,
      onShorterLife: () => this.#options.onReplaced(),
    })
    this.#tokens.add(token)
    return token
  }

  #useUntil(expiry: number | undefined): void {
    clearTimeout(this.#timer)
    if (expiry === undefined || this.#isClosed) return
    const life = expiry - Date.now()
    const early = Math.min(this.#options.reauthenticationThreshold, life / 10)
    this.#timer = setTimeout(() => void this.#replace(expiry), timerDelay(life - early)).unref()
  }

  /** A source that gives the same again has nothing newer: its token ends when it ends. So does that of one that fails. */
  async #replace(expiry: number): Promise<void> {
    const asked = this.#ask(this.#leisure)
    const [before, after] = await Promise.all([
      this.#current?.catch(() => undefined),
      asked.catch((error: Error) => {
        this.#options.logger.error(`The credential could not be renewed: ${error.message}`)
      }),
    ])
    if (this.#isClosed) return
    const remaining = expiry - Date.now()
    if (after || remaining <= 0) this.#current = after ? asked : undefined
    else this.#timer = setTimeout(() => void this.#replace(expiry), Math.max(remaining / 4, shortestPause)).unref()
    if (after && signatureOf(before) !== signatureOf(after)) this.#options.onReplaced()
  }
}

/** Reads what a provider gave, which may be anything. */
function partsOf(given: unknown): ConnectionCredential {
  if (!isCredential(given)) {
    throw new KafkaJSSASLAuthenticationError(
      'getCredential() must give { connectionString }, { name, key }, { signature } or an object with getToken()',
    )
  }
  const parts =
    'connectionString' in given ? sharedAccessOf(given.connectionString) : { credential: given, entityPath: undefined }
  if ('signature' in parts.credential) assertInForce(parts.credential.signature)
  return parts
}

function assertInForce(signature: string): void {
  const expiry = expiryOfSignature(signature)
  if (expiry === undefined || expiry > Date.now()) return
  const when = new Date(expiry).toISOString()
  throw new KafkaJSSASLAuthenticationError(
    `The shared access signature expired at ${when}: make a new one, or authenticate with the key, which renews itself`,
  )
}

function wrongEntity(entityPath: string, eventHubName: string): KafkaJSSASLAuthenticationError {
  return new KafkaJSSASLAuthenticationError(
    `The connection string is for the event hub "${entityPath}" alone (EntityPath), not for "${eventHubName}": take one of the namespace`,
  )
}

/** True where the service refuses the credential itself, and not what is done with it, nor a provider that has failed. */
function isRefusal(error: unknown): boolean {
  const becomes = errorRowOf(error)?.becomes
  return becomes?.kind === 'authentication' || (becomes?.kind === 'protocol' && becomes.type === refusalType)
}

const refusalType = 'SASL_AUTHENTICATION_FAILED'

const signatureOf = (given: ConnectionCredential | undefined) =>
  given && 'signature' in given.credential ? given.credential.signature : undefined

function isCredential(value: unknown): value is EventHubsCredential {
  if (typeof value !== 'object' || value === null) return false
  const has = (field: string, type: string) => typeof (value as Record<string, unknown>)[field] === type
  return (
    has('getToken', 'function') ||
    has('connectionString', 'string') ||
    has('signature', 'string') ||
    (has('name', 'string') && has('key', 'string'))
  )
}

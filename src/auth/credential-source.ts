import type { NamedKeyCredential, SASCredential, TokenCredential } from '@azure/core-auth'
import { KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { AuthProvider, EventHubsCredential } from '../types/auth-provider.js'
import type { Logger } from '../types/index.js'
import { timerDelay } from '../util/timers.js'
import { answerWithin, authenticationError, RenewingToken } from './renewing-token.js'
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
  #current: Promise<ConnectionCredential> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: CredentialSourceOptions) {
    this.#options = options
  }

  /** Rejects with KafkaJSSASLAuthenticationError when the provider fails, twice. */
  current(): Promise<ConnectionCredential> {
    if (!this.#current) {
      const asked = this.#ask()
      this.#current = asked
      asked.catch(() => {
        if (this.#current === asked) this.#current = undefined
      })
    }
    return this.#current
  }

  /** The service refused the credential: the next connection asks the provider, and that for a token, again. */
  invalidate(): void {
    this.#current = undefined
    for (const token of this.#tokens) token.invalidate()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const token of this.#tokens) token.close()
  }

  async #ask(): Promise<ConnectionCredential> {
    const given = await this.#call().catch((error: Error) => {
      this.#options.logger.warn(`Asking for a credential again: ${error.message}`)
      return this.#call()
    })
    const { credential, entityPath } =
      'connectionString' in given ? partsOf(given.connectionString) : { credential: given, entityPath: undefined }
    if ('getToken' in credential) return { credential: this.#renewing(credential), entityPath }
    if ('signature' in credential) this.#useUntil(expiryOfSignature(credential.signature))
    return { credential, entityPath }
  }

  async #call(): Promise<EventHubsCredential> {
    const { provider, fullyQualifiedNamespace, timeout } = this.#options
    let given: unknown
    try {
      given = await answerWithin(timeout, () => provider.getCredential({ fullyQualifiedNamespace }))
    } catch (error) {
      throw authenticationError(error)
    }
    if (!isCredential(given)) {
      throw new KafkaJSSASLAuthenticationError(
        'getCredential() must give { connectionString }, { name, key }, { signature } or an object with getToken()',
      )
    }
    return given
  }

  #renewing(source: TokenCredential): RenewingToken {
    const token = new RenewingToken(source, {
      threshold: this.#options.reauthenticationThreshold,
      logger: this.#options.logger,
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
    if (life <= 0) {
      const when = new Date(expiry).toISOString()
      throw new KafkaJSSASLAuthenticationError(
        `The shared access signature expired at ${when}: make a new one, or authenticate with the key, which renews itself`,
      )
    }
    const early = Math.min(this.#options.reauthenticationThreshold, life / 10)
    this.#timer = setTimeout(() => void this.#replace(expiry), timerDelay(life - early)).unref()
  }

  /** A source that gives the same again has nothing newer: its token ends when it ends. So does that of one that fails. */
  async #replace(expiry: number): Promise<void> {
    const asked = this.#ask()
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

function partsOf(connectionString: string) {
  try {
    return sharedAccessOf(connectionString)
  } catch (error) {
    throw authenticationError(error)
  }
}

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

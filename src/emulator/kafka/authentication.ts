import type { Grant } from '../authorization.js'
import type { Service } from '../service.js'
import type { Api } from './protocol/api.js'
import { ERROR, KafkaError } from './protocol/error-codes.js'
import { MalformedRequest } from './protocol/reader.js'
import { API_VERSIONS, SASL_AUTHENTICATE, SASL_HANDSHAKE } from './protocol/schemas/connection.js'
import { authenticate, isMechanism, MECHANISMS, type Mechanism } from './sasl.js'

type State =
  | { readonly name: 'none' }
  /** Bare: tokens come as frames of their own. That is version 0 of the handshake. */
  | { readonly name: 'started'; readonly mechanism: Mechanism; readonly isBare: boolean }
  | { readonly name: 'done'; readonly grant: Grant }

type Fields = Readonly<Record<string, unknown>>

export interface AuthenticationOptions {
  readonly service: Service
  /** Else everybody may do everything. */
  readonly isRequired: boolean
  /** The connection is to end, once the client has been told. */
  onRefused(): void
}

const EMPTY = Buffer.alloc(0)
const EVERYTHING: Grant = {
  path: '',
  claims: new Set(['Listen', 'Send', 'Manage']),
  expiresAt: Number.POSITIVE_INFINITY,
}

/** The APIs that authenticate, by their keys. */
export const SASL_APIS: ReadonlyMap<number, Api> = new Map(
  [SASL_HANDSHAKE, SASL_AUTHENTICATE].map((api) => [api.key, api as unknown as Api]),
)

/** The state of a connection's SASL, and what it allows since. */
export class Authentication {
  #options: AuthenticationOptions
  #state: State

  constructor(options: AuthenticationOptions) {
    this.#options = options
    this.#state = options.isRequired ? { name: 'none' } : { name: 'done', grant: EVERYTHING }
  }

  get isDone(): boolean {
    return this.#state.name === 'done'
  }

  /** True when the next frame is a token and no request. */
  get awaitsBare(): boolean {
    return this.#state.name === 'started' && this.#state.isBare
  }

  /** Ends the session. Returns how many there were. */
  expire(): number {
    if (this.#state.name !== 'done' || !this.#options.isRequired) return 0
    this.#state = { name: 'done', grant: { ...this.#state.grant, expiresAt: 0 } }
    return 1
  }

  /** The grant of the connection. Throws where nothing may be asked yet, or any more. */
  grantFor(api: Api): Grant {
    if (this.#state.name === 'done') {
      const { grant } = this.#state
      // Kafka closes with the first request after the end of a session. KIP-368.
      if (grant.expiresAt <= Date.now()) throw new MalformedRequest('the session is over')
      return grant
    }
    if (api.key !== API_VERSIONS.key) throw new MalformedRequest(`${api.name} before authentication`)
    return { path: '', claims: new Set(), expiresAt: Number.POSITIVE_INFINITY }
  }

  /** The response to a request that is one of SASL's; undefined for others. */
  answer(api: Api, version: number, request: Fields): Fields | Promise<Fields> | undefined {
    if (api.key === SASL_HANDSHAKE.key) return this.#handshake(String(request['mechanism']), version)
    if (api.key === SASL_AUTHENTICATE.key) return this.#authenticate(request['authBytes'] as Buffer)
    return undefined
  }

  /** Takes a frame that is a token. Resolves with what is sent back. */
  async verifyBare(token: Buffer): Promise<Buffer[]> {
    if (this.#state.name !== 'started') throw new MalformedRequest('a token without a handshake')
    try {
      await this.#verify(this.#state.mechanism, token)
    } catch (error) {
      if (error instanceof KafkaError) throw new MalformedRequest(error.message)
      throw error
    }
    // An empty token in its frame.
    return [Buffer.alloc(4)]
  }

  #handshake(mechanism: string, version: number): Fields {
    if (!isMechanism(mechanism)) {
      this.#options.onRefused()
      return { errorCode: ERROR.unsupportedSaslMechanism, mechanisms: MECHANISMS }
    }
    this.#state = { name: 'started', mechanism, isBare: version === 0 }
    return { errorCode: ERROR.none, mechanisms: MECHANISMS }
  }

  async #authenticate(bytes: Buffer): Promise<Fields> {
    if (this.#state.name !== 'started') {
      this.#options.onRefused()
      return {
        errorCode: ERROR.illegalSaslState,
        errorMessage: 'SaslAuthenticate must follow SaslHandshake.',
        authBytes: EMPTY,
      }
    }
    try {
      const grant = await this.#verify(this.#state.mechanism, bytes)
      const left = grant.expiresAt - Date.now()
      return { errorCode: ERROR.none, authBytes: EMPTY, sessionLifetimeMs: Number.isFinite(left) ? left : 0 }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#options.onRefused()
      return { errorCode: error.code, errorMessage: error.message, authBytes: EMPTY }
    }
  }

  async #verify(mechanism: Mechanism, bytes: Buffer): Promise<Grant> {
    const { authorizer, stats } = this.#options.service
    stats.tokensReceived++
    const grant = await authenticate(mechanism, bytes, authorizer)
    this.#state = { name: 'done', grant }
    return grant
  }
}

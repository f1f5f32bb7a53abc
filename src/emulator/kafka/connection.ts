import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Grant } from '../authorization.js'
import type { FaultyConnection } from '../faults.js'
import { offerOf } from './apis/api-versions.js'
import { NO_ANSWER } from './apis/handler.js'
import { handlerOf } from './apis/index.js'
import type { BrokerAddress, Head, RequestContext } from './context.js'
import { Frames } from './frames.js'
import {
  type Api,
  codecOf,
  encodeResponse,
  type RequestHeader,
  type RequestOf,
  readRequestHeader,
  skipHeaderTags,
} from './protocol/api.js'
import { ERROR, KafkaError } from './protocol/error-codes.js'
import { MalformedRequest, Reader } from './protocol/reader.js'
import { API_VERSIONS, SASL_AUTHENTICATE, SASL_HANDSHAKE } from './protocol/schemas/connection.js'
import { PRODUCE } from './protocol/schemas/records.js'
import { authenticate, isMechanism, MECHANISMS, type Mechanism } from './sasl.js'

/** How far a connection has come with SASL. */
type Authentication =
  | { readonly state: 'none' }
  /** Bare: tokens come as frames of their own. That is version 0 of the handshake. */
  | { readonly state: 'started'; readonly mechanism: Mechanism; readonly isBare: boolean }
  | { readonly state: 'done'; readonly grant: Grant }

/** Before it is known who it is, a client has little to say. Source: apache/kafka, `SaslServerAuthenticator`. */
const MAX_FRAME_BEFORE_SASL = 512 * 1024
/** A frame beyond the service's limit is read for the sake of its answer, if it is not beyond this many of them. */
const READ_BEYOND_LIMIT = 8
/** What may wait while a request is served; then the socket is not read. */
const MAX_BUFFERED = 1024 * 1024

const EVERYTHING: Grant = {
  path: '',
  claims: new Set(['Listen', 'Send', 'Manage']),
  expiresAt: Number.POSITIVE_INFINITY,
}

/**
 * A Kafka client's connection: requests are served one at a time, in the order they come, which is that of the answers.
 * What a peer does wrong ends its connection and nothing else.
 */
export class KafkaConnection implements FaultyConnection {
  #head: Head
  #socket: Socket
  #frames = new Frames()
  #authentication: Authentication = { state: 'none' }
  #isServing = false
  #lastActive = performance.now()
  #closeListeners = new Set<() => void>()
  #timers: NodeJS.Timeout[] = []

  constructor(head: Head, socket: Socket) {
    this.#head = head
    this.#socket = socket
    const { stats, settings } = head.service
    stats.openKafkaConnections++
    if (head.settings.sasl === 'optional') this.#authentication = { state: 'done', grant: EVERYTHING }
    else this.#endUnless(settings.idleLimits.authentication, () => this.#authentication.state === 'done')
    this.#endWhenIdle(head.settings.idleMs)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.resume()
    socket.on('end', () => socket.destroy())
    socket.once('close', () => {
      stats.openKafkaConnections--
      for (const timer of this.#timers) clearTimeout(timer)
      for (const listener of [...this.#closeListeners]) listener()
    })
  }

  /** Breaks it without a goodbye. Group members stay until their sessions end, as they do in Kafka. */
  drop(): Promise<void> {
    if (this.#socket.closed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve())
      this.#socket.destroy()
    })
  }

  /** The session is over: with its next request the connection ends. */
  expireTokens(): number {
    if (this.#authentication.state !== 'done' || this.#head.settings.sasl === 'optional') return 0
    this.#authentication = { state: 'done', grant: { ...this.#authentication.grant, expiresAt: 0 } }
    return 1
  }

  #receive(chunk: Buffer): void {
    this.#lastActive = performance.now()
    this.#frames.push(chunk)
    if (!this.#isServing) void this.#serve()
    else if (this.#frames.buffered > MAX_BUFFERED) this.#socket.pause()
  }

  async #serve(): Promise<void> {
    this.#isServing = true
    try {
      await this.#serveAll()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Serves all requests that have come, one after the other. The last step has no wait: what comes next starts anew. */
  async #serveAll(): Promise<void> {
    while (!this.#socket.destroyed) {
      const frame = this.#frames.next(this.#frameLimit())
      if (frame === undefined) {
        this.#isServing = false
        this.#socket.resume()
        return
      }
      const answer = await this.#answer(frame)
      this.#lastActive = performance.now()
      if (answer === undefined || this.#socket.destroyed) continue
      this.#socket.cork()
      let isTaken = true
      for (const chunk of answer) isTaken = this.#socket.write(chunk)
      this.#socket.uncork()
      // A peer that does not read is not answered further.
      if (!isTaken) await this.#drained()
    }
  }

  #frameLimit(): number {
    if (this.#authentication.state !== 'done') return MAX_FRAME_BEFORE_SASL
    return READ_BEYOND_LIMIT * this.#head.settings.requestMaxBytes
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done)
        this.#socket.off('close', done)
        resolve()
      }
      this.#socket.on('drain', done)
      this.#socket.on('close', done)
    })
  }

  #fail(error: unknown): void {
    const { stats, report } = this.#head.service
    if (error instanceof MalformedRequest) stats.kafkaConnectionsFailed++
    else report(error)
    this.#socket.destroy()
  }

  /** The chunks of an answer; undefined when there is none. */
  async #answer(frame: Buffer): Promise<Buffer[] | undefined> {
    const authentication = this.#authentication
    if (authentication.state === 'started' && authentication.isBare) {
      return this.#authenticateBare(authentication.mechanism, frame)
    }
    this.#head.service.stats.kafkaRequests++
    const reader = new Reader(frame)
    const header = readRequestHeader(reader)
    const api = this.#apiOf(header)
    if (api === undefined) return this.#offerOldest(header)
    const { apiVersion: version, correlationId } = header
    skipHeaderTags(reader, api, version)
    const request = codecOf(api, version).readRequest(reader)
    if (reader.remaining > 0) throw new MalformedRequest('a request is longer than its fields')
    const encode = (response: Readonly<Record<string, unknown>>) =>
      encodeResponse({ api, version, correlationId, response })
    if (api.key === SASL_HANDSHAKE.key) return this.#handshake(String(request['mechanism']), version, encode)
    if (api.key === SASL_AUTHENTICATE.key) return this.#authenticate(request['authBytes'] as Buffer, encode)
    const grant = this.#grantFor(api)
    this.#checkSize(frame, api, request)
    const handler = handlerOf(api.key)
    if (!handler) throw new MalformedRequest(`nothing serves ${api.name}`)
    const response = await handler.handle(this.#contextOf({ header, api, grant, requestSize: frame.length }), request)
    return response === NO_ANSWER ? undefined : encode(response as Readonly<Record<string, unknown>>)
  }

  /**
   * The API of a request, if its version is offered. Else the service resets the connection (sarama #2470), and so does Kafka,
   * but for ApiVersions: that is asked in the newest version a client knows.
   */
  #apiOf({ apiKey, apiVersion }: RequestHeader): Api | undefined {
    const api = SASL_APIS.get(apiKey) ?? handlerOf(apiKey)?.api
    if (!api) throw new MalformedRequest(`API ${apiKey}`)
    const [min, max] = api.versions
    if (apiVersion >= min && apiVersion <= max) return api
    if (apiKey === API_VERSIONS.key) return undefined
    throw new MalformedRequest(`version ${apiVersion} of ${api.name}`)
  }

  #offerOldest({ correlationId }: RequestHeader): Buffer[] {
    const api = API_VERSIONS as unknown as Api
    const response = { errorCode: ERROR.unsupportedVersion, apiKeys: [offerOf(api)] }
    return encodeResponse({ api, version: 0, correlationId, response })
  }

  /** What the connection may do. Throws where nothing may be asked yet, or any more. */
  #grantFor(api: Api): Grant {
    const authentication = this.#authentication
    if (authentication.state === 'done') {
      const { grant } = authentication
      // Kafka closes with the first request after the end of a session. KIP-368.
      if (grant.expiresAt <= Date.now()) throw new MalformedRequest('the session is over')
      return grant
    }
    if (api.key !== API_VERSIONS.key) throw new MalformedRequest(`${api.name} before authentication`)
    return { path: '', claims: new Set(), expiresAt: Number.POSITIVE_INFINITY }
  }

  /** Larger requests end the connection, but for a Produce of one batch: that one is told. for-kafka #255. */
  #checkSize(frame: Buffer, api: Api, request: Readonly<Record<string, unknown>>): void {
    if (frame.length <= this.#head.settings.requestMaxBytes) return
    if (api.key === PRODUCE.key) {
      const { topics } = request as RequestOf<typeof PRODUCE>
      if (topics.reduce((sum, { partitions }) => sum + partitions.length, 0) === 1) return
    }
    throw new MalformedRequest(`a request of ${frame.length} bytes`)
  }

  #contextOf(options: { header: RequestHeader; api: Api; grant: Grant; requestSize: number }): RequestContext {
    const { api, grant, requestSize } = options
    const { apiVersion, clientId } = options.header
    return {
      ...this.#head,
      apiName: api.name,
      version: apiVersion,
      clientId: clientId ?? '',
      clientHost: `/${plainAddress(this.#socket.remoteAddress)}`,
      grant,
      requestSize,
      address: this.#address(),
      onClose: (listener) => this.#onClose(listener),
      destroy: () => this.#socket.destroy(),
    }
  }

  /** Where this connection came in: that is where its client gets through again. */
  #address(): BrokerAddress {
    const { advertised } = this.#head.settings
    if (advertised) return advertised
    const socket = this.#socket
    const name = socket instanceof TLSSocket ? (socket as { servername?: string | false }).servername : undefined
    return { host: name || plainAddress(socket.localAddress), port: socket.localPort ?? 0 }
  }

  #onClose(listener: () => void): () => void {
    if (this.#socket.destroyed) {
      queueMicrotask(listener)
      return () => {}
    }
    this.#closeListeners.add(listener)
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  #handshake(mechanism: string, version: number, encode: Encode): Buffer[] {
    if (!isMechanism(mechanism)) {
      this.#endAfter()
      return encode({ errorCode: ERROR.unsupportedSaslMechanism, mechanisms: MECHANISMS })
    }
    this.#authentication = { state: 'started', mechanism, isBare: version === 0 }
    return encode({ errorCode: ERROR.none, mechanisms: MECHANISMS })
  }

  async #authenticate(bytes: Buffer, encode: Encode): Promise<Buffer[]> {
    const authentication = this.#authentication
    if (authentication.state !== 'started') {
      this.#endAfter()
      return encode({
        errorCode: ERROR.illegalSaslState,
        errorMessage: 'SaslAuthenticate must follow SaslHandshake.',
        authBytes: EMPTY,
      })
    }
    try {
      const grant = await this.#verify(authentication.mechanism, bytes)
      const left = grant.expiresAt - Date.now()
      return encode({ errorCode: ERROR.none, authBytes: EMPTY, sessionLifetimeMs: Number.isFinite(left) ? left : 0 })
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#endAfter()
      return encode({ errorCode: error.code, errorMessage: error.message, authBytes: EMPTY })
    }
  }

  async #authenticateBare(mechanism: Mechanism, token: Buffer): Promise<Buffer[]> {
    try {
      await this.#verify(mechanism, token)
    } catch (error) {
      if (error instanceof KafkaError) throw new MalformedRequest(error.message)
      throw error
    }
    // An empty token in its frame.
    return [Buffer.alloc(4)]
  }

  async #verify(mechanism: Mechanism, bytes: Buffer): Promise<Grant> {
    const { authorizer, stats } = this.#head.service
    stats.tokensReceived++
    const grant = await authenticate(mechanism, bytes, authorizer)
    this.#authentication = { state: 'done', grant }
    return grant
  }

  /** Closes when what is being answered has been sent. */
  #endAfter(): void {
    setImmediate(() => this.#socket.end())
  }

  #endUnless(ms: number, isFine: () => boolean): void {
    if (!(ms > 0) || !Number.isFinite(ms)) return
    const timer = setTimeout(() => {
      if (!isFine()) this.#socket.destroy()
    }, ms)
    this.#timers.push(timer.unref())
  }

  /** One timer for all requests: it looks how long ago the last one was. */
  #endWhenIdle(ms: number): void {
    if (!(ms > 0) || !Number.isFinite(ms)) return
    const watch = (left: number) => {
      const timer = setTimeout(() => {
        const rest = this.#isServing ? ms : this.#lastActive + ms - performance.now()
        if (rest > 0) watch(rest)
        else this.#socket.destroy()
      }, left).unref()
      this.#timers[IDLE_TIMER] = timer
    }
    watch(ms)
  }
}

type Encode = (response: Readonly<Record<string, unknown>>) => Buffer[]

const IDLE_TIMER = 1
const EMPTY = Buffer.alloc(0)
const SASL_APIS: ReadonlyMap<number, Api> = new Map(
  [SASL_HANDSHAKE, SASL_AUTHENTICATE].map((api) => [api.key, api as unknown as Api]),
)

/** An IPv4 address as such, also on a socket that takes both kinds. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/, '')
}

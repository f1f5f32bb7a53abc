import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Grant } from '../authorization.js'
import type { FaultyConnection } from '../faults.js'
import { offerOf } from './apis/api-versions.js'
import { NO_ANSWER } from './apis/handler.js'
import { handlerOf } from './apis/index.js'
import { Authentication, SASL_APIS } from './authentication.js'
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
import { ERROR } from './protocol/error-codes.js'
import { MalformedRequest, Reader } from './protocol/reader.js'
import { API_VERSIONS } from './protocol/schemas/connection.js'
import { PRODUCE } from './protocol/schemas/records.js'

/** Before it is known who it is, a client has little to say. Source: apache/kafka, `SaslServerAuthenticator`. */
const MAX_FRAME_BEFORE_SASL = 512 * 1024
/** A frame beyond the service's limit is read for the sake of its answer, if it is not beyond this many of them. */
const READ_BEYOND_LIMIT = 8
/** The bytes that may wait while a request is served; then the socket is not read. */
const MAX_BUFFERED = 1024 * 1024

/**
 * A Kafka client's connection: requests are served one at a time, in the order they come, which is that of the answers.
 * What a peer does wrong ends its connection and nothing else.
 */
export class KafkaConnection implements FaultyConnection {
  #head: Head
  #socket: Socket
  #frames = new Frames()
  #authentication: Authentication
  #isServing = false
  #lastActive = performance.now()
  #closeListeners = new Set<() => void>()
  #timers: NodeJS.Timeout[] = []

  constructor(head: Head, socket: Socket) {
    this.#head = head
    this.#socket = socket
    const { stats, settings } = head.service
    stats.openKafkaConnections++
    const isRequired = head.settings.sasl !== 'optional'
    this.#authentication = new Authentication({ service: head.service, isRequired, onRefused: () => this.#endAfter() })
    if (isRequired) this.#endUnless(settings.idleLimits.authentication, () => this.#authentication.isDone)
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
    return this.#authentication.expire()
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
    if (!this.#authentication.isDone) return MAX_FRAME_BEFORE_SASL
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
    if (this.#authentication.awaitsBare) return this.#authentication.verifyBare(frame)
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
    const ofSasl = this.#authentication.answer(api, version, request)
    if (ofSasl) return encode(await ofSasl)
    const grant = this.#authentication.grantFor(api)
    this.#checkSize(frame, api, request)
    const handler = handlerOf(api.key)
    if (!handler) throw new MalformedRequest(`nothing serves ${api.name}`)
    const response = await handler.handle(this.#contextOf({ header, api, grant, requestSize: frame.length }), request)
    return response === NO_ANSWER ? undefined : encode(response)
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

  /** The address this connection came in by: that is where its client gets through again. */
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

const IDLE_TIMER = 1

/** An IPv4 address as such, also on a socket that takes both kinds. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/, '')
}

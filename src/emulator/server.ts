import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { ClientConnection } from './amqp/connection.js'
import { refuseSurplus } from './amqp/surplus-connection.js'
import { Wire } from './amqp/wire.js'
import { type ByteStream, socketStream } from './byte-stream.js'
import type { FaultyConnection } from './faults.js'
import { answerHealth } from './http/health.js'
import { limitRequestTime } from './http/request-time.js'
import { createUpgradeHandler } from './http/websocket.js'
import type { KafkaHead } from './kafka/head.js'
import type { Service } from './service.js'

/** The listening ports. */
export interface Server {
  readonly port: number
  /** The second one, where Kafka clients are used to find it. */
  readonly kafkaPort: number | undefined
  /** The one that answers health checks alone. */
  readonly healthPort: number | undefined
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

/** The longest silence of a peer that has not said what it speaks yet. */
const SILENCE_MS = 60_000

const TLS_HANDSHAKE = 0x16

/**
 * One TCP port for AMQP, AMQP over WebSockets, Kafka, the namespace's HTTP API and the health check: the first bytes of a
 * connection tell which. With a certificate only TLS is spoken.
 */
export async function startServer(options: {
  host: string
  port: number
  tls: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  /** Called when the port is known; what connections share. */
  service(port: number): Service
  /** Takes every HTTP request except the health check. */
  onRequest(service: Service): RequestListener
  connections: {
    readonly amqp: Set<ClientConnection>
    /** Those of both protocols. */
    readonly all: Set<FaultyConnection>
  }
  /** Port for Kafka clients besides the first one. */
  kafkaPort: number | undefined
  healthPort: number | undefined
  /** Largest message of a WebSocket: several frames of AMQP may come in one. */
  maxWebSocketMessage: number
  /** Loads the Kafka head, with the first connection that wants it. Undefined: the protocol is not spoken. */
  loadKafka: ((service: Service) => Promise<KafkaHead>) | undefined
}): Promise<Server> {
  const { host, port, tls, connections } = options
  const secureContext = tls && createSecureContext({ cert: tls.cert, key: tls.key })
  const containerId = `${randomBytes(8).toString('hex')}_G1`
  const sockets = new Set<Socket>()
  let service: Service | undefined
  let handleRequest: RequestListener = (_request, response) => response.writeHead(503).end()

  function acceptAmqp(stream: ByteStream): void {
    if (!service) {
      stream.destroy()
      return
    }
    const wire = new Wire(stream)
    if (connections.all.size >= service.settings.maxConnections) {
      refuseSurplus(service, wire, containerId)
      return
    }
    const connection = new ClientConnection(service, wire, containerId)
    connections.amqp.add(connection)
    connections.all.add(connection)
    wire.onClose(() => {
      connections.amqp.delete(connection)
      connections.all.delete(connection)
    })
  }

  let kafka: Promise<KafkaHead> | undefined
  async function acceptKafka(socket: Socket): Promise<void> {
    if (!service || !options.loadKafka) {
      socket.destroy()
      return
    }
    try {
      kafka ??= options.loadKafka(service)
      const head = await kafka
      head.accept(socket)
    } catch (error) {
      service.report(error)
      socket.destroy()
    }
  }

  const http = createHttpServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    try {
      if (path === '/health') answerHealth(request, response)
      else handleRequest(request, response)
    } catch (error) {
      service?.report(error)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    }
  })
  http.on('upgrade', createUpgradeHandler(acceptAmqp, options.maxWebSocketMessage))
  http.on('clientError', (_error, socket) => socket.destroy())
  limitRequestTime(http)

  function acceptPlain(socket: Socket): void {
    whenFirstBytes(socket, 4, (first) => {
      if (first.toString('latin1', 0, 4) === 'AMQP') acceptAmqp(socketStream(socket))
      // The size of a Kafka request: below 16 MiB. AMQP and HTTP begin with a letter.
      else if (first[0] === 0) void acceptKafka(socket)
      else http.emit('connection', socket)
    })
  }

  function acceptTls(socket: Socket): void {
    whenFirstBytes(socket, 1, (first) => {
      if (first[0] === TLS_HANDSHAKE) {
        acceptPlain(new TLSSocket(socket, { isServer: true, ...(secureContext && { secureContext }) }))
      } else socket.destroy()
    })
  }

  function accept(socket: Socket): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (secureContext) acceptTls(socket)
    else acceptPlain(socket)
  }

  const first = await listen({ host, port, accept })
  const listeners = [first]
  const acceptHealth = createHealthAcceptor(sockets)
  let kafkaListener: Listener | undefined
  let healthListener: Listener | undefined
  try {
    if (options.kafkaPort !== undefined) {
      kafkaListener = await listen({ host, port: options.kafkaPort, accept })
      listeners.push(kafkaListener)
    }
    if (options.healthPort !== undefined) {
      healthListener = await listen({ host, port: options.healthPort, accept: acceptHealth })
      listeners.push(healthListener)
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()))
    throw error
  }
  service = options.service(first.port)
  handleRequest = options.onRequest(service)

  return {
    port: first.port,
    kafkaPort: kafkaListener?.port,
    healthPort: healthListener?.port,
    async close() {
      const closed = listeners.map((listener) => listener.close())
      await Promise.all([...connections.all].map((connection) => connection.drop()))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}

/** Answers health checks and nothing else, without TLS. */
function createHealthAcceptor(sockets: Set<Socket>): (socket: Socket) => void {
  const http = createHttpServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    if (path === '/health') answerHealth(request, response)
    else response.writeHead(404).end()
  })
  http.on('clientError', (_error, socket) => socket.destroy())
  limitRequestTime(http)
  return (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    http.emit('connection', socket)
  }
}

interface Listener {
  readonly port: number
  /** Takes no more connections; resolves when those there are have ended. */
  close(): Promise<void>
}

async function listen(options: { host: string; port: number; accept(socket: Socket): void }): Promise<Listener> {
  const server = createServer({ noDelay: true }, options.accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Waits for the first bytes and puts them back: whoever gets the socket then reads them again. */
function whenFirstBytes(socket: Socket, count: number, then: (first: Buffer) => void): void {
  const onError = () => socket.destroy()
  const silence = setTimeout(onError, SILENCE_MS).unref()
  socket.on('error', onError)
  socket.on('readable', onReadable)
  socket.once('close', () => clearTimeout(silence))

  function onReadable(): void {
    // Not `read()` and `unshift()` of what is too short: that calls back at once, for ever.
    const first: Buffer | null = socket.read(count)
    if (first === null || first.length < count) return
    socket.off('readable', onReadable)
    clearTimeout(silence)
    socket.unshift(first)
    then(first)
  }
}

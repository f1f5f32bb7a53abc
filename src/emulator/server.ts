import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { createAcceptor } from './acceptor.js'
import { ClientConnection } from './amqp/connection.js'
import { refuseSurplus } from './amqp/surplus-connection.js'
import { Wire } from './amqp/wire.js'
import { type ByteStream, socketStream } from './byte-stream.js'
import type { FaultyConnection } from './faults.js'
import { answerHealth } from './http/health.js'
import { limitRequestTime } from './http/request-time.js'
import { createUpgradeHandler } from './http/websocket.js'
import type { KafkaHead } from './kafka/head.js'
import { openListeners, type Ports } from './listeners.js'
import type { Service } from './service.js'

/** A server, and the ports it listens on. */
export interface Server extends Ports {
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

export interface ServerOptions extends Ports {
  host: string
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
  /** Largest message of a WebSocket: several frames of AMQP may come in one. */
  maxWebSocketMessage: number
  /** Loads the Kafka head, with the first connection that wants it. Undefined: the protocol is not spoken. */
  loadKafka: ((service: Service) => Promise<KafkaHead>) | undefined
}

/**
 * One TCP port for AMQP, AMQP over WebSockets, Kafka, the namespace's HTTP API and the health check: the first bytes of a
 * connection tell which. With a certificate only TLS is spoken.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { host, port, kafkaPort, healthPort, tls, connections } = options
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

  const acceptProtocol = createAcceptor({
    secureContext,
    amqp: (socket) => acceptAmqp(socketStream(socket)),
    kafka: (socket) => void acceptKafka(socket),
    http: (socket) => http.emit('connection', socket),
  })
  const acceptHealth = createHealthAcceptor()
  const tracked = (accept: (socket: Socket) => void) => (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    accept(socket)
  }

  const listeners = await openListeners({
    host,
    port,
    kafkaPort,
    healthPort,
    accept: tracked(acceptProtocol),
    acceptHealth: tracked(acceptHealth),
  })
  service = options.service(listeners.port)
  handleRequest = options.onRequest(service)

  return {
    port: listeners.port,
    kafkaPort: listeners.kafkaPort,
    healthPort: listeners.healthPort,
    async close() {
      const closed = listeners.close()
      await Promise.all([...connections.all].map((connection) => connection.drop()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Answers health checks and nothing else, without TLS. */
function createHealthAcceptor(): (socket: Socket) => void {
  const http = createHttpServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    if (path === '/health') answerHealth(request, response)
    else response.writeHead(404).end()
  })
  http.on('clientError', (_error, socket) => socket.destroy())
  limitRequestTime(http)
  return (socket) => http.emit('connection', socket)
}

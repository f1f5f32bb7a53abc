import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { ClientConnection } from './amqp/connection.js'
import { type Carrier, streamCarrier, Wire } from './amqp/wire.js'
import { answerHealth } from './http/health.js'
import { createUpgradeHandler } from './http/websocket.js'
import type { Service } from './service.js'

/** The listening port. */
export interface Server {
  readonly port: number
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

/** How long a peer may keep silent before it has said what it speaks. */
const SILENCE_MS = 60_000

const TLS_HANDSHAKE = 0x16

/**
 * One TCP port for AMQP, AMQP over WebSockets, the namespace's HTTP API and the health check: the first bytes of a
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
  connections: Set<ClientConnection>
}): Promise<Server> {
  const { host, port, tls, connections } = options
  const secureContext = tls && createSecureContext({ cert: tls.cert, key: tls.key })
  const containerId = `${randomBytes(8).toString('hex')}_G1`
  const sockets = new Set<Socket>()
  let service: Service | undefined
  let handleRequest: RequestListener = (_request, response) => response.writeHead(503).end()

  function acceptAmqp(carrier: Carrier): void {
    if (!service) {
      carrier.destroy()
      return
    }
    const wire = new Wire(carrier)
    const connection = new ClientConnection(service, wire, containerId)
    connections.add(connection)
    wire.onClose(() => {
      connections.delete(connection)
    })
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
  http.on('upgrade', createUpgradeHandler(acceptAmqp))
  http.on('clientError', (_error, socket) => socket.destroy())

  function acceptPlain(socket: Socket): void {
    whenFirstBytes(socket, 4, (first) => {
      if (first.toString('latin1', 0, 4) === 'AMQP') acceptAmqp(streamCarrier(socket))
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

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (secureContext) acceptTls(socket)
    else acceptPlain(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: actualPort } = server.address() as AddressInfo
  service = options.service(actualPort)
  handleRequest = options.onRequest(service)

  return {
    port: actualPort,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await Promise.all([...connections].map((connection) => connection.drop()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
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

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ByteStream } from '../byte-stream.js'

/** Path and subprotocol of AMQP over WebSockets. Source: azure-sdk-for-js, core-amqp/ConnectionContextBase. */
const PATH = '/$servicebus/websocket'
const SUBPROTOCOL = 'AMQPWSB10'

/** Takes the upgrade requests of an HTTP server. */
export function createUpgradeHandler(
  onConnection: (stream: ByteStream) => void,
  maxMessage: number,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessage,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const [path = ''] = (request.url ?? '').split('?')
    if (path.toLowerCase().replace(/\/$/, '') !== PATH) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    server.handleUpgrade(request, socket, head, (webSocket) => onConnection(webSocketStream(webSocket)))
  }
}

function webSocketStream(webSocket: WebSocket): ByteStream {
  const drainListeners: (() => void)[] = []
  return {
    write(buffers) {
      webSocket.send(buffers.length === 1 ? (buffers[0] as Buffer) : Buffer.concat(buffers), { binary: true }, () => {
        if (webSocket.bufferedAmount === 0) for (const listener of drainListeners) listener()
      })
    },
    bufferedBytes: () => webSocket.bufferedAmount,
    onDrain(listener) {
      drainListeners.push(listener)
    },
    onData(listener) {
      webSocket.on('message', (data) => {
        listener(Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data))
      })
    },
    onClose(listener) {
      webSocket.on('error', () => webSocket.terminate())
      webSocket.on('close', listener)
    },
    end() {
      webSocket.close()
      setTimeout(() => webSocket.terminate(), 1000).unref()
    },
    destroy() {
      webSocket.terminate()
    },
  }
}

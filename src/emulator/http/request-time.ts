import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** From the first byte of a connection, or the end of the answer before, to the last byte of a request. */
const REQUEST_MS = 30_000

/**
 * Ends connections on which a request takes too long to arrive, byte by byte or not at all. Node's own limits hold only for
 * servers that listen themselves.
 */
export function limitRequestTime(http: Server, limit: number = REQUEST_MS): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>()
  const stop = (socket: Socket) => clearTimeout(timers.get(socket))
  const start = (socket: Socket) => {
    stop(socket)
    timers.set(socket, setTimeout(() => socket.destroy(), limit).unref())
  }
  http.on('connection', (socket: Socket) => {
    start(socket)
    socket.once('close', () => stop(socket))
  })
  http.on('request', ({ socket }, response) => {
    response.once('finish', () => start(socket))
    response.req.once('end', () => stop(socket))
  })
  http.on('upgrade', ({ socket }) => stop(socket))
}

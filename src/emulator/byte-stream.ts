import type { Duplex } from 'node:stream'

/** The stream a protocol is spoken over: TCP, TLS or a WebSocket. */
export interface ByteStream {
  /** Writes some buffers together. */
  write(buffers: readonly Buffer[]): void
  /** Bytes accepted and not yet handed to the network. */
  bufferedBytes(): number
  /** Calls back when `bufferedBytes` has gone down to nothing. */
  onDrain(listener: () => void): void
  onData(listener: (data: Buffer) => void): void
  onClose(listener: () => void): void
  end(): void
  destroy(): void
}

/** The longest time a peer may take to close its side once we have closed ours. */
const LINGER_MS = 1000

/** The bytes of a TCP or TLS socket. */
export function socketStream(socket: Duplex): ByteStream {
  return {
    write(buffers) {
      socket.cork()
      for (const buffer of buffers) socket.write(buffer)
      socket.uncork()
    },
    bufferedBytes: () => socket.writableLength,
    onDrain(listener) {
      socket.on('drain', listener)
    },
    onData(listener) {
      socket.on('data', listener)
    },
    onClose(listener) {
      socket.on('error', () => socket.destroy())
      socket.on('end', () => socket.end())
      socket.on('close', listener)
    },
    end() {
      socket.end()
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
    },
    destroy() {
      socket.destroy()
    },
  }
}

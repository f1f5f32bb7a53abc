import type { Duplex } from 'node:stream'

/** What a wire carries AMQP over. */
export interface Carrier {
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

/**
 * The socket as rhea sees it, over TCP, TLS or WebSocket. Frames written in one tick leave in one piece; after `end`
 * nothing is read any more, so a peer that broke the protocol is not listened to, only told.
 */
export class Wire {
  #carrier: Carrier
  #pending: Buffer[] = []
  #pendingBytes = 0
  #ended: boolean = false
  #ending: boolean = false
  #closed: boolean = false
  #closeListeners = new Set<() => void>()
  #drainListeners = new Set<() => void>()

  constructor(carrier: Carrier) {
    this.#carrier = carrier
    carrier.onDrain(() => {
      for (const listener of [...this.#drainListeners]) listener()
    })
    carrier.onClose(() => {
      if (this.#closed) return
      this.#closed = true
      this.#ended = true
      this.#pending = []
      for (const listener of [...this.#closeListeners]) listener()
    })
  }

  /** Bytes that wait for the network. */
  get bufferedBytes(): number {
    return this.#pendingBytes + this.#carrier.bufferedBytes()
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Calls back when the network has taken everything. Returns its own remover. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener)
    return () => {
      this.#drainListeners.delete(listener)
    }
  }

  /** Calls back when the connection is gone. Returns its own remover. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  on(event: string, listener: (data: Buffer) => void): void {
    if (event === 'data') {
      this.#carrier.onData((data) => {
        if (!this.#ending) listener(data)
      })
    } else if (event === 'end') {
      this.#closeListeners.add(listener as () => void)
    }
  }

  write(buffer: Buffer): void {
    if (this.#ended) return
    if (this.#pending.push(buffer) === 1) process.nextTick(() => this.#flush())
    this.#pendingBytes += buffer.length
  }

  /** Reads no more, and closes when what this tick still has to say is out. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    setImmediate(() => {
      if (this.#ended) return
      this.#flush()
      this.#ended = true
      this.#carrier.end()
    })
  }

  destroy(): void {
    this.#ending = true
    this.#ended = true
    this.#pending = []
    this.#carrier.destroy()
  }

  /** For rhea's log. */
  get_id_string(): string {
    return 'wire'
  }

  #flush(): void {
    const buffers = this.#pending
    if (buffers.length === 0 || this.#ended) return
    this.#pending = []
    this.#pendingBytes = 0
    this.#carrier.write(buffers)
  }
}

/** How long a peer may take to close its side once we have closed ours. */
const LINGER_MS = 1000

/** Carries AMQP over a TCP or TLS socket. */
export function streamCarrier(socket: Duplex): Carrier {
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

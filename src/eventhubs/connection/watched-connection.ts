import { PassThrough } from 'node:stream'
import { translate } from '@azure/core-amqp'
import { AmqpSocket, connectionLost, type OpenStream, type SocketObserver } from './amqp-socket.js'
import { type AmqpErrorValue, createFrameReader, type LinkFrame } from './frames.js'

/** The events of a connection, seen from beneath the library that speaks AMQP over it. */
export interface ConnectionEvents {
  /** The connection went without having been closed from here. */
  onLost?(error: Error): void
  /** Bytes have come, which only get to the library when they are passed. What it throws ends the connection. */
  onReceived?(bytes: Buffer, pass: (bytes: Buffer) => void): void
  /** The library writes. */
  onSending?(bytes: Buffer): void
  /** The service ended a link, or the session beneath it; `wasEstablished` says that it had accepted it before. */
  onLinkEnd?(linkName: string, error: Error, wasEstablished: boolean): void
}

interface Link {
  readonly name: string
  /** The service has granted credit, which it does only to links it accepted. */
  isEstablished: boolean
}

export interface WatchedConnectionOptions {
  readonly openStream: OpenStream
  readonly connectTimeout: number
}

/**
 * The bytes beneath an AMQP library's connection. Once it is lost, or destroyed, no other is opened: so no timer that the
 * library left running can bring it back.
 */
export class WatchedConnection {
  readonly #openStream: OpenStream
  readonly #connectTimeout: number
  readonly #events: ConnectionEvents
  readonly #sockets = new Set<AmqpSocket>()
  readonly #links = new Map<number, Link>()
  #read: (bytes: Buffer) => void = () => {}
  #wasOpened = false
  #ended: Error | undefined
  #heardAt = Number.NEGATIVE_INFINITY

  constructor({ openStream, connectTimeout }: WatchedConnectionOptions, events: ConnectionEvents = {}) {
    this.#openStream = openStream
    this.#connectTimeout = connectTimeout
    this.#events = events
  }

  /** The value that the SDK's clients take as `webSocketOptions`. */
  get webSocketOptions() {
    return { webSocket: AmqpSocket as unknown as WebSocketConstructor, webSocketConstructorOptions: this.#observer() }
  }

  /** The error the connection ended with, once it has. */
  get ended(): Error | undefined {
    return this.#ended
  }

  /** The time anything last came from the other side, on the clock of `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#ended ??= new Error('The connection is closed')
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Writes beside the library: whole frames. */
  write(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes)
  }

  #observer(): SocketObserver {
    return {
      connectTimeout: this.#connectTimeout,
      openStream: (...callbacks) => this.#open(...callbacks),
      onOpening: (socket) => this.#sockets.add(socket),
      onBytes: (bytes, pass) => this.#onBytes(bytes, pass),
      onSending: (bytes) => this.#events.onSending?.(bytes as Buffer),
      onClosed: (socket, error) => this.#onClosed(socket, error),
    }
  }

  #onBytes(bytes: Buffer, pass: (bytes: Buffer) => void): void {
    this.#heardAt = performance.now()
    const passOn = (rest: Buffer) => {
      this.#read(rest)
      pass(rest)
    }
    const { onReceived } = this.#events
    try {
      if (onReceived) onReceived(bytes, passOn)
      else passOn(bytes)
    } catch (error) {
      const reason = Object.assign(error as Error, { code: 'FramingError' })
      for (const socket of this.#sockets) socket.destroy(reason)
    }
  }

  #open(...callbacks: Parameters<OpenStream>) {
    if (this.#ended || this.#wasOpened) return closedStream()
    this.#wasOpened = true
    this.#read = createFrameReader((frame) => this.#onFrame(frame))
    return this.#openStream(...callbacks)
  }

  #onClosed(socket: AmqpSocket, error: Error | undefined): void {
    this.#sockets.delete(socket)
    this.#links.clear()
    if (this.#ended) return
    const reason = error ?? connectionLost()
    this.#ended = reason
    // The library hears of it first: what is given up in answer closes its connection, and then it takes a loss for the end
    // of a farewell, and waits for the service's heartbeat, for two minutes in which the process does not end.
    queueMicrotask(() => this.#events.onLost?.(reason))
  }

  #onFrame(frame: LinkFrame): void {
    switch (frame.type) {
      case 'attach':
        // A request link is two on one channel, of which one is granted credit.
        this.#links.set(frame.channel, {
          isEstablished: false,
          ...this.#links.get(frame.channel),
          name: frame.linkName,
        })
        break
      case 'flow': {
        const link = this.#links.get(frame.channel)
        if (link) link.isEstablished = true
        break
      }
      case 'detach': {
        const link = this.#links.get(frame.channel)
        this.#links.delete(frame.channel)
        if (link) this.#events.onLinkEnd?.(link.name, errorOf(frame.error), link.isEstablished)
        break
      }
      case 'close':
        if (frame.error) for (const socket of this.#sockets) socket.destroy(errorOf(frame.error))
    }
  }
}

type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocket

function errorOf(error: AmqpErrorValue | undefined): Error {
  return error ? translate(error) : connectionLost('The service closed the link')
}

function closedStream() {
  const stream = new PassThrough()
  return stream.destroy(connectionLost('The connection is closed'))
}

import { type Duplex, PassThrough } from 'node:stream'
import { soon } from '../../util/timers.js'

/** Begins a connection; `onReady` is called when bytes can be written, `onRefused` with a better reason than the stream's own. */
export type OpenStream = (onReady: () => void, onRefused: (error: Error) => void) => Duplex

/** The events a socket tells the one who opened it. */
export interface SocketObserver {
  openStream: OpenStream
  /** The longest time opening may take, ms. */
  readonly connectTimeout: number
  onOpening(socket: AmqpSocket): void
  /** Bytes have come; `pass` hands some to the library. */
  onBytes(bytes: Buffer, pass: (bytes: Buffer) => void): void
  /** The library writes bytes. */
  onSending?(bytes: Uint8Array): void
  /** Called once, with the error if there was one. */
  onClosed(socket: AmqpSocket, error: Error | undefined): void
}

/**
 * A byte stream in the shape of a WebSocket, which is what the SDK lets its users bring along. It is how this library
 * opens connections of every kind itself, so that it knows at once when one is lost, bounds the time to open one, and
 * can always close it.
 */
export class AmqpSocket {
  /** The address in the SDK's log. */
  readonly url: string
  onopen: (() => void) | undefined
  onmessage: ((message: { data: Buffer }) => void) | undefined
  onclose: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  readonly #stream: Duplex
  readonly #observer: SocketObserver
  readonly #timer: NodeJS.Timeout
  #error: Error | undefined
  #wasHeard = false
  #isClosing = false
  #isClosed = false

  constructor(url: string, _protocols: readonly string[], observer: SocketObserver) {
    this.url = url
    this.#observer = observer
    const { connectTimeout } = observer
    observer.onOpening(this)
    this.#timer = setTimeout(() => this.destroy(timeoutError(connectTimeout)), connectTimeout)
    const onReady = () => {
      clearTimeout(this.#timer)
      if (!this.#isClosed) this.onopen?.()
    }
    this.#stream = open(observer.openStream, onReady, (error) => {
      this.#error ??= error
    })
    const pass = (bytes: Buffer) => this.onmessage?.({ data: bytes })
    this.#stream.on('data', (bytes: Buffer) => {
      this.#wasHeard = true
      observer.onBytes(bytes, pass)
    })
    this.#stream.on('error', (error) => {
      // One per address tried, when a name has several.
      this.#error ??= error instanceof AggregateError ? (error.errors.at(-1) as Error) : error
    })
    this.#stream.on('end', () => this.#stream.destroy())
    this.#stream.on('close', () => this.#closed())
  }

  send(bytes: Uint8Array): void {
    this.#observer.onSending?.(bytes)
    this.write(bytes)
    this.#remind()
  }

  /** Writes beside the library. */
  write(bytes: Uint8Array): void {
    const stream = this.#stream
    if (!stream.writable) return
    // The library writes each frame by itself: all of one turn go out in one piece.
    if (stream.writableCorked === 0) {
      stream.cork()
      void turnEnd.then(() => stream.uncork())
    }
    stream.write(bytes)
  }

  close(): void {
    this.#isClosing = true
    this.#stream.end()
    setTimeout(() => this.#stream.destroy(), 1000).unref()
    this.#remind()
  }

  /** Closes without waiting for anything still to be written. */
  destroy(error?: Error): void {
    this.#isClosing ||= !error
    this.#error ??= error
    this.#stream.destroy()
  }

  /**
   * Tells a library that goes on with a socket that is gone once more that it is. rhea answers a CLOSE a turn later, and
   * then begins to wait for the service's heartbeat, for two minutes in which the process does not end.
   */
  #remind(): void {
    if (this.#isClosed) soon(() => this.onclose?.())
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    const error = this.#wasHeard || this.#isClosing ? this.#reason() : this.#unheard()
    this.#observer.onClosed(this, error)
    if (error) this.onerror?.(error)
    else this.onclose?.()
  }

  #reason(): Error | undefined {
    return this.#error ?? (this.#isClosing ? undefined : connectionLost())
  }

  /** A reset says little when nothing has come before it. */
  #unheard(): Error {
    const { code } = (this.#error ?? {}) as { code?: unknown }
    return this.#error && code !== 'ECONNRESET' && code !== 'EPIPE' ? this.#error : connectionLost(unheard)
  }
}

/**
 * Opens the stream. What cannot even be tried (a port or a proxy that is none) is heard of like a connection that
 * failed.
 */
function open(openStream: OpenStream, ...callbacks: Parameters<OpenStream>): Duplex {
  try {
    return openStream(...callbacks)
  } catch (error) {
    const stream = new PassThrough()
    soon(() => stream.destroy(error as Error))
    return stream
  }
}

/** What is chained to it is done when the work at hand is. */
const turnEnd = Promise.resolve()

const unheard =
  'The connection was closed before a word of AMQP was heard: check host and port, and that both sides agree on TLS'

/** `retryable` is the SDK's word: without it a connection closed before it was open counts as refused for good. */
export function connectionLost(message = 'The connection was closed by the other side'): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET', retryable: true })
}

function timeoutError(ms: number): Error {
  return Object.assign(new Error(`Connection timeout: not open after ${ms} ms`), { code: 'ETIMEDOUT', retryable: true })
}

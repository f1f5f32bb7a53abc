import type { ReaderOptions } from '../transport.js'
import { Reader } from './reader.js'
import { ReadingConnection, type ReadingConnectionOptions } from './reading-connection.js'
import { ReadingConnections } from './reading-connections.js'

/** All reading of one client: its readers, and the connections that they share. */
export class ReadingClient {
  readonly #options: ReadingConnectionOptions
  readonly #connections: ReadingConnections
  readonly #readers = new Set<Reader>()

  constructor(options: ReadingConnectionOptions) {
    this.#options = options
    this.#connections = new ReadingConnections(() => new ReadingConnection(options))
  }

  openReader(options: ReaderOptions, toError: (error: unknown) => Error): Reader {
    const { connectTimeout: timeout, logger } = this.#options
    const onClosed = (closed: Reader) => this.#readers.delete(closed)
    const reader = new Reader(options, { connections: this.#connections, timeout, logger, toError, onClosed })
    this.#readers.add(reader)
    return reader
  }

  /** There is a new credential: open links get new tokens. */
  renew(): void {
    this.#connections.renew()
  }

  /** Closes every reader; more may be opened. */
  async closeReaders(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()))
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#connections.close()
  }
}

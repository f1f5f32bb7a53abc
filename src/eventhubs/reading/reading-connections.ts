import { mostLinks } from '../connection/authorized-connection.js'
import type { LinkOptions, OpenLink, ReadingConnection } from './reading-connection.js'

interface Entry {
  readonly connection: ReadingConnection
  links: number
}

/** The connections of all that a client reads: one, unless it has very many links. Closed with its last link. */
export class ReadingConnections {
  readonly #open: () => ReadingConnection
  readonly #mostLinks: number
  readonly #entries = new Set<Entry>()
  readonly #closing = new Set<Promise<void>>()

  constructor(open: () => ReadingConnection, most: number = mostLinks) {
    this.#open = open
    this.#mostLinks = most
  }

  async open(options: LinkOptions, signal: AbortSignal): Promise<OpenLink> {
    const entry = this.#entry()
    entry.links++
    try {
      const link = await entry.connection.open(options, signal)
      let isClosed = false
      return {
        get outstanding() {
          return link.outstanding
        },
        grant: (count) => link.grant(count),
        close: async () => {
          await link.close()
          if (!isClosed) this.#leave(entry)
          isClosed = true
        },
      }
    } catch (error) {
      this.#leave(entry)
      throw error
    }
  }

  /** Has open links get new tokens. */
  renew(): void {
    for (const { connection } of this.#entries) connection.renew()
  }

  async close(): Promise<void> {
    for (const entry of this.#entries) this.#close(entry)
    await Promise.all(this.#closing)
  }

  #entry(): Entry {
    for (const entry of this.#entries) {
      if (!entry.connection.isRetired && entry.links < this.#mostLinks) return entry
    }
    const entry = { connection: this.#open(), links: 0 }
    this.#entries.add(entry)
    return entry
  }

  #leave(entry: Entry): void {
    if (--entry.links === 0) this.#close(entry)
  }

  #close(entry: Entry): void {
    if (!this.#entries.delete(entry)) return
    const closing = entry.connection.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}

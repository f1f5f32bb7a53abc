import { KafkaJSConnectionClosedError } from '../../errors/index.js'
import type { HubClient } from './retirable-client.js'

/** Opens a client of an event hub; `onRetired` is to be called when it takes no more calls. */
type OpenHubClient = (eventHubName: string, onRetired: (client: HubClient) => void) => Promise<HubClient>

export interface HubClientsOptions {
  /** Most connections that stay open. */
  readonly limit: number
  /** Ms after which a connection that nothing was asked of is closed. */
  readonly idleTime: number
}

interface Entry {
  opening: Promise<HubClient>
  client: HubClient | undefined
  /** Calls that use the client or are about to: it is not to be closed for being idle. */
  claims: number
}

/**
 * The clients to ask with, one per event hub, since a connection of the SDK serves one. One that is idle for long is
 * closed. At most `limit` of them are open: before another is opened, the one not used for longest is closed, or one that is
 * in use is waited for.
 */
export class HubClients {
  readonly #open: OpenHubClient
  readonly #options: HubClientsOptions
  readonly #entries = new Map<string, Entry>()
  /** Those that close, after the calls in progress. */
  readonly #closing = new Map<HubClient, Promise<void>>()
  /** The callers that wait for some event hub's client to be in use no more. */
  readonly #waiting: (() => void)[] = []
  #sweep: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(open: OpenHubClient, options: HubClientsOptions) {
    this.#open = open
    this.#options = options
  }

  /** Runs something with the event hub's client, opening it if need be. */
  async use<T>(eventHubName: string, operation: (client: HubClient) => Promise<T>): Promise<T> {
    while (!this.#isClosed && !this.#entries.has(eventHubName) && this.#inUse >= this.#options.limit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    const entry = this.#entries.get(eventHubName) ?? this.#enter(eventHubName)
    entry.claims++
    try {
      return await operation(await entry.opening)
    } finally {
      entry.claims--
      if (entry.claims === 0) this.#waiting.shift()?.()
    }
  }

  /** Has every event hub's next call go over a new connection. */
  retireAll(): void {
    for (const { client } of [...this.#entries.values()]) client?.retire()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#sweep)
    for (const go of this.#waiting.splice(0)) go()
    // What was retired may have calls in progress still.
    for (const client of this.#closing.keys()) void client.closed(true)
    const entries = [...this.#entries.values()]
    await Promise.all(entries.map(({ opening }) => opening.then((client) => this.#discard(client)).catch(() => {})))
    await Promise.all(this.#closing.values())
  }

  #enter(eventHubName: string): Entry {
    const entry: Entry = { opening: this.#openWithinLimit(eventHubName), client: undefined, claims: 0 }
    this.#entries.set(eventHubName, entry)
    this.#sweepLater()
    entry.opening.then(
      (client) => {
        entry.client = client
        if (this.#isClosed) void this.#discard(client)
      },
      () => this.#forget(entry),
    )
    return entry
  }

  async #openWithinLimit(eventHubName: string): Promise<HubClient> {
    if (this.#isClosed) throw new KafkaJSConnectionClosedError('Closed connection: the client is disconnected')
    while (this.#entries.size + this.#closing.size >= this.#options.limit) {
      const oldest = this.#idle().sort((a, b) => a.lastUsed - b.lastUsed)[0]
      if (oldest) void this.#discard(oldest)
      if (!this.#closing.size) break
      await Promise.race(this.#closing.values())
    }
    return this.#open(eventHubName, (client) => void this.#discard(client))
  }

  get #inUse(): number {
    let count = 0
    for (const { claims } of this.#entries.values()) if (claims > 0) count++
    return count
  }

  #idle(): HubClient[] {
    return [...this.#entries.values()].flatMap(({ client, claims }) => (client && !claims ? [client] : []))
  }

  #sweepLater(): void {
    if (this.#sweep || this.#isClosed) return
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined
      const limit = Date.now() - this.#options.idleTime
      for (const client of this.#idle()) if (client.lastUsed <= limit) void this.#discard(client)
      if (this.#entries.size > 0) this.#sweepLater()
    }, this.#options.idleTime / 2).unref()
  }

  #discard(client: HubClient): Promise<void> {
    for (const entry of this.#entries.values()) if (entry.client === client) this.#forget(entry)
    const closing = client.closed(this.#isClosed).finally(() => this.#closing.delete(client))
    this.#closing.set(client, closing)
    return closing
  }

  #forget(entry: Entry): void {
    for (const [name, known] of this.#entries) if (known === entry) this.#entries.delete(name)
  }
}

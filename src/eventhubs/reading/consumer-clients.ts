import type { ConsumerClient, LinkObserver } from './consumer-client.js'

/** What tells one client from another. */
export interface ConsumerClientKey {
  readonly eventHubName: string
  readonly consumerGroup: string
  readonly hasOwnerLevelZero: boolean
}

interface Entry {
  readonly name: string
  readonly opening: Promise<ConsumerClient>
  users: number
  /** The SDK lets a client read a partition once at a time. */
  readonly partitions: Set<string>
}

/** A client on loan to one reader. */
export interface ConsumerLoan {
  readonly client: ConsumerClient
  /** Hands the client back; resolves when it is closed, if this was its last reader. */
  release(): Promise<void>
}

/** The clients that read: one connection per event hub and consumer group, closed with its last reader. */
export class ConsumerClients {
  readonly #open: (key: ConsumerClientKey) => Promise<ConsumerClient>
  readonly #entries = new Map<string, Entry>()

  constructor(open: (key: ConsumerClientKey) => Promise<ConsumerClient>) {
    this.#open = open
  }

  /** Gives a client whose connection has not ended, opening one if need be. */
  async take(key: ConsumerClientKey, observer: LinkObserver): Promise<ConsumerLoan> {
    const { partitionId } = observer
    const entry = this.#entry(key, partitionId)
    entry.users++
    entry.partitions.add(partitionId)
    const client = await entry.opening.catch((error: unknown) => {
      this.#forget(entry)
      throw error
    })
    if (client.ended) {
      this.#forget(entry)
      await this.#leave(entry, client)
      return this.take(key, observer)
    }
    client.add(observer)
    const release = () => {
      client.remove(observer)
      entry.partitions.delete(partitionId)
      return this.#leave(entry, client)
    }
    return { client, release }
  }

  /** Has readers that open from here on share new clients. */
  retireAll(): void {
    this.#entries.clear()
  }

  /** One whose client does not read the partition yet: a look-up may read what a consumer reads (commits, seeks). */
  #entry(key: ConsumerClientKey, partitionId: string, copy = 0): Entry {
    const name = JSON.stringify([key.eventHubName, key.consumerGroup, key.hasOwnerLevelZero, copy])
    const known = this.#entries.get(name)
    if (known?.partitions.has(partitionId)) return this.#entry(key, partitionId, copy + 1)
    if (known) return known
    const entry = { name, opening: this.#open(key), users: 0, partitions: new Set<string>() }
    this.#entries.set(name, entry)
    return entry
  }

  async #leave(entry: Entry, client: ConsumerClient): Promise<void> {
    if (--entry.users > 0) return
    this.#forget(entry)
    await client.close()
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.name) === entry) this.#entries.delete(entry.name)
  }
}

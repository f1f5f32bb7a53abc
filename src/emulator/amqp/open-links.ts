import type { EventHub } from '../model/hub.js'
import type { Partition } from '../model/partition.js'
import type { ServiceError } from './service-error.js'

/** What a publishing or reading link is for. */
export interface LinkTarget {
  readonly direction: 'send' | 'receive'
  readonly eventHub: EventHub
  /** Undefined on a link that publishes to the event hub as a whole. */
  readonly partition: Partition | undefined
  readonly consumerGroup: string | undefined
}

/** A link that is attached. */
export interface OpenLink extends LinkTarget {
  /** Whether the client waits for something: then the link is not idle. */
  isWaiting(): boolean
  /** Stops without a word: the connection is closed or closing. */
  stop(): void
  detach(error: ServiceError): void
}

/** Which links; what is left out does not matter. @public */
export interface LinkFilter {
  /** Name of the event hub; case does not matter. */
  hub?: string
  /** Id of the partition. */
  partition?: string | number
  /** Name of the consumer group; only readers have one. */
  group?: string
  /** `send`: clients publish on the link. `receive`: clients read. */
  direction?: 'send' | 'receive'
}

/** Whether a link, open or about to be, fits. Names compare without case. */
export function fits(link: LinkTarget, filter: LinkFilter): boolean {
  const { hub, partition, group, direction } = filter
  return (
    (direction === undefined || link.direction === direction) &&
    (hub === undefined || sameName(link.eventHub.name, hub)) &&
    (partition === undefined || link.partition?.id === String(partition)) &&
    (group === undefined || sameName(link.consumerGroup ?? '', group))
  )
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** All publishing and reading links of the emulator. */
export class OpenLinks {
  #links = new Set<OpenLink>()

  get count(): number {
    return this.#links.size
  }

  add(link: OpenLink): void {
    this.#links.add(link)
  }

  remove(link: OpenLink): void {
    this.#links.delete(link)
  }

  matching(filter: LinkFilter): OpenLink[] {
    return [...this.#links].filter((link) => fits(link, filter))
  }

  /** Detaches each link that fits with the same error. Returns how many. */
  detach(filter: LinkFilter, error: ServiceError): number {
    const links = this.matching(filter)
    for (const link of links) link.detach(error)
    return links.length
  }
}

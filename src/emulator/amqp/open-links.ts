import { type Access, type FaultFilter, fits } from '../fault-filter.js'
import type { ServiceError } from './service-error.js'

/** A publishing or reading link that is attached. */
export interface OpenLink extends Access {
  /** True while the client waits for something: then the link is not idle. */
  isWaiting(): boolean
  /** Stops without a word: the connection is closed or closing. */
  stop(): void
  detach(error: ServiceError): void
}

/** The links of a connection, each with the path that its token was for. */
export class OpenLinks {
  #paths = new Map<OpenLink, string>()

  add(link: OpenLink, path: string): void {
    this.#paths.set(link, path)
  }

  /** False when it was not there. */
  remove(link: OpenLink): boolean {
    return this.#paths.delete(link)
  }

  /** Link and path of each; links may end meanwhile. */
  list(): (readonly [OpenLink, string])[] {
    return [...this.#paths]
  }

  /** Detaches each link that fits with the same error. Returns how many. */
  detach(filter: FaultFilter, error: ServiceError): number {
    const links = [...this.#paths.keys()].filter((link) => fits(link, filter))
    for (const link of links) link.detach(error)
    return links.length
  }
}

import type { Grant } from '../../authorization.js'
import type { Claim } from '../../options.js'
import type { Service } from '../../service.js'
import type { OpenLink } from '../open-links.js'
import type { Wire } from '../wire.js'

/** The part of a connection that its links see. */
export interface LinkContext {
  readonly service: Service
  readonly wire: Wire
  /** Throws a `ServiceError` unless a valid token on this connection allows the claim on the resource. */
  authorize(path: string, claim: Claim): void
  /** True when any valid token on this connection covers the resource, whatever it allows. */
  covers(path: string): boolean
  /** Keeps a grant until it expires; a later one for the same resource takes its place. */
  grant(grant: Grant): void
  /** A publishing or reading link is attached; `path` is what its token was for. Returns its remover. */
  opened(link: OpenLink, path: string): AttachedLink
  /** Tells what happens on the connection: a verb and what goes with it. */
  log(event: string): void
  /** Breaks the connection. */
  destroy(): void
}

/** The connection's record of an attached link. */
export interface AttachedLink {
  /** A transfer came or went: the link is not idle. */
  active(): void
  closed(): void
}

import { allows, type Grant, resourcePath, covers as scopeCovers } from '../authorization.js'
import type { FaultFilter } from '../fault-filter.js'
import type { FaultError, FaultyConnection } from '../faults.js'
import type { Namespace } from '../model/namespace.js'
import type { Claim } from '../options.js'
import type { Service } from '../service.js'
import { type Address, parseAddress } from './address.js'
import { DecodeError } from './codec/values.js'
import { IdleRules } from './idle-rules.js'
import { createCbs } from './links/cbs.js'
import { openEgress } from './links/egress.js'
import { openIngress } from './links/ingress.js'
import type { AttachedLink, LinkContext } from './links/link-context.js'
import { createManagement } from './links/management.js'
import type { RequestNode } from './links/request-node.js'
import { type OpenLink, OpenLinks } from './open-links.js'
import type { Link } from './protocol/link.js'
import { Peer } from './protocol/peer.js'
import type { ReceivingLink } from './protocol/receiving-link.js'
import type { SendingLink } from './protocol/sending-link.js'
import { serviceErrorOf } from './refusals.js'
import {
  badToken,
  detachForced,
  entityNotFound,
  notAllowed,
  notImplemented,
  type ServiceError,
  scripted,
  unauthorized,
} from './service-error.js'
import type { Wire } from './wire.js'

/** One AMQP connection: its tokens, its links, and what ends it. */
export class ClientConnection implements LinkContext, FaultyConnection {
  readonly service: Service
  readonly wire: Wire
  readonly #number: number
  #peer: Peer
  #cbs: RequestNode
  #management: RequestNode
  /** Tokens are scoped to the connection. Microsoft: AMQP protocol guide, "Claims-based authorization". */
  #grants = new Map<string, { grant: Grant; timer?: NodeJS.Timeout | undefined }>()
  /** The grants that held until a token ended: told apart from what never was allowed. */
  #expired = new Map<string, Grant>()
  /** Rights of a SASL PLAIN login, which do not expire. */
  #login: Grant | undefined
  #links = new OpenLinks()
  #idle: IdleRules

  constructor(service: Service, wire: Wire, containerId: string) {
    this.service = service
    this.wire = wire
    const { stats } = service
    this.#number = ++stats.connectionsAccepted
    stats.openConnections++
    this.#idle = new IdleRules(service.settings.idleLimits, (error) => this.#close(error))
    this.#cbs = createCbs(this)
    this.#management = createManagement(this)
    this.#peer = new Peer(wire, containerId, {
      checkPlain: (user, password) => {
        this.#login = service.authorizer.verifyKey(user, password)
        this.log(this.#login ? `logged in with the key '${user}'` : `was refused: a wrong key for '${user}'`)
        if (this.#login) this.#idle.authenticated()
        return this.#login !== undefined
      },
      onSendingLink: (link) => this.#attach(link, (address) => this.#openSending(link, address)),
      onReceivingLink: (link) => this.#attach(link, (address) => this.#openReceiving(link, address)),
      onEnd: () => this.#stopLinks(),
      onFailure: (error) => {
        stats.connectionsFailed++
        this.log(`broke the protocol: ${error.message}`, 'warn')
      },
      onOpen: (peer) => this.log(`opened by ${peer.containerId ?? 'a client without name'}`),
      report: (error) => service.report(error),
    })
    wire.onClose(() => this.#closed())
  }

  #openSending(link: SendingLink, address: Address): void {
    if (address.node === '$cbs') {
      this.#requireFirst(link, this.#cbs.replyLinks)
      this.#cbs.openReplies(link)
    } else if (address.node === '$management') {
      this.#requireFirstOrGrant(this.#management.replyLinks)
      this.#countLink(link)
      this.#management.openReplies(link)
    } else {
      const { eventHub, consumerGroup, partition } = address
      if (consumerGroup === undefined || partition === undefined) {
        throw notImplemented('An event hub is read by consumer group and partition.')
      }
      openEgress(this, link, { eventHub, consumerGroup, partition })
    }
  }

  #openReceiving(link: ReceivingLink, address: Address): void {
    if (address.node === '$cbs') {
      this.#requireFirst(link, this.#cbs.requestLinks)
      this.#cbs.openRequests(link)
    } else if (address.node === '$management') {
      this.#requireFirstOrGrant(this.#management.requestLinks)
      this.#countLink(link)
      this.#management.openRequests(link)
    } else if (address.consumerGroup !== undefined) throw notImplemented('A consumer group is for reading.')
    else openIngress(this, link, address)
  }

  /** Only one pair of links to `$cbs` per connection. Observed: azure-event-hubs-node #174, #186. */
  #requireFirst(link: Link, open: number): void {
    if (open > 0) throw notAllowed(`A link to connection '${link.name}' $cbs node has already been opened.`)
  }

  authorize(path: string, claim: Claim): void {
    const resource = resourcePath(path)
    for (const grant of this.#validGrants()) if (allows(grant, resource, claim)) return
    for (const grant of this.#expired.values()) {
      if (allows(grant, resource, claim, 0)) throw expiredToken()
    }
    throw unauthorized(this.service.host, resource, claim)
  }

  covers(path: string): boolean {
    const resource = resourcePath(path)
    for (const { path: scope, claims } of this.#validGrants()) {
      if (claims.size === 0) continue
      if (scopeCovers(scope, resource) || scope === '$management') return true
    }
    for (const { path: scope } of this.#expired.values()) {
      if (scopeCovers(scope, resource) || scope === '$management') throw expiredToken()
    }
    return false
  }

  grant(grant: Grant): void {
    clearTimeout(this.#grants.get(grant.path)?.timer)
    this.#expired.delete(grant.path)
    this.#grants.set(grant.path, { grant, timer: this.#expiryTimer(grant) })
    this.#idle.authenticated()
  }

  opened(link: OpenLink, path: string): AttachedLink {
    const { stats } = this.service
    this.#links.add(link, resourcePath(path))
    stats.openLinks++
    stats.linksAttached++
    const verb = link.direction === 'send' ? 'publishes to' : 'reads'
    this.log(`${verb} ${path}`)
    const activity = this.#idle.linkOpened({ detach: (error) => link.detach(error), isWaiting: () => link.isWaiting() })
    return {
      active: activity.active,
      closed: () => {
        if (!this.#links.remove(link)) return
        this.log(`no longer ${verb} ${path}`)
        stats.openLinks--
        activity.closed()
      },
    }
  }

  destroy(): void {
    this.wire.destroy()
  }

  drop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.wire.isClosed) {
        resolve()
        return
      }
      this.wire.onClose(resolve)
      this.wire.destroy()
    })
  }

  detachLinks(filter: FaultFilter, error: Required<FaultError>): number {
    return this.#links.detach(filter, scripted(error))
  }

  /** Ends the links that fit with an error of the service. */
  endLinks(filter: FaultFilter, error: ServiceError): void {
    this.#links.detach(filter, error)
  }

  expireTokens(): number {
    const grants = [...this.#grants.values()]
    for (const { grant } of grants) this.#expire(grant)
    return grants.length
  }

  *#validGrants(): Generator<Grant> {
    if (this.#login) yield this.#login
    const now = Date.now()
    for (const { grant } of this.#grants.values()) if (grant.expiresAt > now) yield grant
  }

  /** A request to `$management` may bring the first token (azure-event-hubs-go); more links than it takes need one. */
  #requireFirstOrGrant(open: number): void {
    if (open === 0) return
    for (const _ of this.#validGrants()) return
    if (this.#expired.size > 0) throw expiredToken()
    throw unauthorized(this.service.host, '$management', 'Listen')
  }

  #attach(link: Link, open: (address: Address) => void): void {
    try {
      const text = link.address
      if (!text) throw notImplemented('A link needs an address.')
      open(parseAddress(text))
    } catch (error) {
      if (error instanceof DecodeError) throw error
      const failure = serviceErrorOf(error, this.service)
      this.log(`was refused the link to ${link.address ?? 'nothing'}: ${failure.condition}: ${failure.description}`)
      if (link.isAttached) link.detach(failure)
      else link.refuse(failure)
    }
  }

  /** `$management` links keep a connection from being idle, and are not themselves ended for idleness. */
  #countLink(link: Link): void {
    link.onEnd(this.#idle.linkOpened().closed)
  }

  #expiryTimer(grant: Grant): NodeJS.Timeout | undefined {
    const wait = grant.expiresAt - Date.now()
    // A timer runs for 25 days at most, and a connection is rarely older: then the token is only not good for new links.
    if (wait > 0x7fff_ffff) return undefined
    return setTimeout(() => this.#expire(grant), Math.max(0, wait)).unref()
  }

  /**
   * The service drops all links to an entity when the token for it expires. Microsoft: AMQP protocol guide. A link another
   * token still allows stays.
   */
  #expire(grant: Grant): void {
    const kept = this.#grants.get(grant.path)
    if (kept?.grant !== grant) return
    clearTimeout(kept.timer)
    this.#grants.delete(grant.path)
    this.#expired.set(grant.path, grant)
    const error = badToken('ExpiredToken', 'The token is expired. The link is detached.')
    for (const [link, path] of this.#links.list()) {
      const claim = link.direction === 'send' ? 'Send' : 'Listen'
      const stillAllowed = [...this.#validGrants()].some((other) => allows(other, path, claim))
      if (scopeCovers(grant.path, path) && !stillAllowed) link.detach(error)
    }
  }

  #close(error: ServiceError): void {
    this.#peer.close(error)
    setTimeout(() => this.destroy(), 1000).unref()
  }

  log(event: string, level: 'info' | 'warn' = 'info'): void {
    this.service.log({ level, message: `AMQP connection ${this.#number} ${event}` })
  }

  #closed(): void {
    this.log('closed')
    this.service.stats.openConnections--
    this.#idle.stop()
    for (const { timer } of this.#grants.values()) clearTimeout(timer)
    this.#grants.clear()
    this.#stopLinks()
  }

  #stopLinks(): void {
    for (const [link] of this.#links.list()) link.stop()
  }
}

const expiredToken = () => badToken('ExpiredToken', 'The token is expired.')

/**
 * Links to what is deleted end as for something unknown; after an increase of partitions they end and may reopen.
 * Microsoft: "Dynamically add partitions".
 */
export function endLinksOnChange(namespace: Namespace, connections: ReadonlySet<ClientConnection>, host: string): void {
  const end = (filter: FaultFilter, error: ServiceError) => {
    for (const connection of connections) connection.endLinks(filter, error)
  }
  namespace.onChange((change) => {
    const { name } = change.eventHub
    switch (change.kind) {
      case 'event-hub-deleted':
        end({ hub: name }, entityNotFound(host, name))
        break
      case 'consumer-group-deleted': {
        const { consumerGroup } = change
        end({ hub: name, group: consumerGroup }, entityNotFound(host, `${name}/consumergroups/${consumerGroup}`))
        break
      }
      case 'partitions-added':
        end({ hub: name }, detachForced(`The partitions of the event hub '${name}' have changed.`))
        break
    }
  })
}

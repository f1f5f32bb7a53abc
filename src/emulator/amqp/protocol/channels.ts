import { type Fields, PERFORMATIVE, type Performative } from '../codec/performative.js'
import { ProtocolError } from './errors.js'
import type { Link } from './link.js'
import type { ParentPeer } from './parents.js'
import { Session } from './session.js'

/** Frames that answer others, and begin nothing. */
const ECHOES: ReadonlySet<number> = new Set([
  PERFORMATIVE.flow,
  PERFORMATIVE.disposition,
  PERFORMATIVE.detach,
  PERFORMATIVE.end,
])

/** The channels of a connection, a session on each that is in use. AMQP 1.0 §2.5.1. */
export class Channels {
  readonly #peer: ParentPeer
  /** The highest that the peer may use. */
  readonly #ownMax: number
  /** The highest that we may use. */
  #max: number
  /** The sessions by the peer's channels; ours are the sessions' own. */
  #sessions = new Map<number, Session>()
  #ownChannels = new Set<number>()
  /** Channels that were in use: what still comes on them was under way. */
  #formerChannels = new Set<number>()

  constructor(peer: ParentPeer, channelMax: number) {
    this.#peer = peer
    this.#ownMax = channelMax
    this.#max = channelMax
  }

  /** The peer takes no channel beyond its channel-max. */
  limit(channelMax: number): void {
    this.#max = Math.min(this.#ownMax, channelMax)
  }

  /** A link of that name and direction in any of the sessions, if there is one. */
  linkNamed(name: string, isReceiver: boolean): Link | undefined {
    for (const session of this.#sessions.values()) {
      const link = session.linkNamed(name, isReceiver)
      if (link) return link
    }
    return undefined
  }

  /** A session begins, on the lowest channel that we have left. Throws `ProtocolError` when it can't. */
  begin(remoteChannel: number, fields: Fields): void {
    if (remoteChannel > this.#ownMax) {
      throw new ProtocolError(`The channel ${remoteChannel} exceeds channel-max ${this.#ownMax}.`)
    }
    if (this.#sessions.has(remoteChannel)) throw new ProtocolError(`The channel ${remoteChannel} is in use.`)
    let channel = 0
    while (this.#ownChannels.has(channel)) channel++
    if (channel > this.#max) throw new ProtocolError(`There is no channel left up to ${this.#max}.`)
    this.#ownChannels.add(channel)
    this.#sessions.set(remoteChannel, new Session(this.#peer, channel, remoteChannel, fields))
  }

  /** A frame for the session on a channel of the peer's. */
  onFrame(channel: number, performative: Performative): void {
    const session = this.#sessions.get(channel)
    if (!session) {
      // rhea, and so the SDK for JavaScript, goes on to answer on a session that it has ended. That is taken for the echo it
      // is, and does not cost the connection with all its other links.
      if (ECHOES.has(performative.code) && this.#formerChannels.has(channel)) return
      throw new ProtocolError(`a frame on the channel ${channel}, where no session has begun`)
    }
    session.onFrame(performative)
    if (!session.isOver) return
    this.#sessions.delete(channel)
    this.#ownChannels.delete(session.channel)
    this.#formerChannels.add(channel)
  }

  /** The connection is over. */
  abandon(): void {
    for (const session of this.#sessions.values()) session.abandon()
    this.#sessions.clear()
  }
}

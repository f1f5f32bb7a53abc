import {
  encodeBegin,
  encodeDisposition,
  encodeEnd,
  encodeFlow,
  type Fields,
  PERFORMATIVE,
  type Performative,
} from '../codec/performative.js'
import type { Wire } from '../wire.js'
import { ProtocolError, SessionError } from './errors.js'
import type { Link } from './link.js'
import type { ParentPeer, ParentSession } from './parents.js'
import { ReceivingLink } from './receiving-link.js'
import { SendingLink } from './sending-link.js'
import { ahead, next, plus } from './serial.js'

/** Observed in BEGIN: azure-event-hubs-go #121, vcabbage/amqp #56. */
const INCOMING_WINDOW = 5000
const OUTGOING_WINDOW = 5000
const HANDLE_MAX = 255

/** Neighbours of one outcome, told in one frame. */
interface Settlement {
  first: number
  last: number
  readonly state: Buffer
}

/** A session: the windows of both directions and the links in it. AMQP 1.0 §2.5. */
export class Session implements ParentSession {
  readonly peer: ParentPeer
  readonly wire: Wire
  /** The number of ours that its frames carry. */
  readonly channel: number
  /** The links by the peer's handles; ours are the links' own. */
  #links = new Map<number, Link>()
  #ownHandles = new Set<number>()
  /** Handles that were in use: what still comes for them was under way. */
  #formerHandles = new Set<number>()
  #nextIncomingId: number
  #incomingWindow = INCOMING_WINDOW
  #nextOutgoingId = 0
  #remoteIncomingWindow: number
  #nextDeliveryId = 0
  /** Of the newest delivery that came in. */
  lastDeliveryId = 0xffff_ffff
  #settlement: Settlement | undefined
  #flowing = new Set<ReceivingLink>()
  /** `ending`: we have ended it, the peer has not yet. */
  #state: 'open' | 'ending' | 'over' = 'open'

  constructor(peer: ParentPeer, channel: number, remoteChannel: number, begin: Fields) {
    this.peer = peer
    this.wire = peer.wire
    this.channel = channel
    this.#nextIncomingId = begin.integer(1) ?? 0
    this.#remoteIncomingWindow = begin.integer(2) ?? 0
    this.write(
      encodeBegin({
        remoteChannel,
        nextOutgoingId: this.#nextOutgoingId,
        incomingWindow: this.#incomingWindow,
        outgoingWindow: OUTGOING_WINDOW,
        handleMax: HANDLE_MAX,
      }),
    )
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** Transfers that can leave now. */
  get outgoingWindow(): number {
    return this.#state === 'open' ? this.#remoteIncomingWindow : 0
  }

  write(performative: Buffer): void {
    this.tellOutcomes()
    this.wire.frame(0, this.channel, performative)
  }

  onFrame({ code, fields, payload }: Performative): void {
    if (code === PERFORMATIVE.end) {
      this.#onEnd()
      return
    }
    if (this.#state !== 'open') return
    try {
      this.#dispatch(code, fields, payload)
    } catch (error) {
      if (!(error instanceof SessionError)) throw error
      this.#state = 'ending'
      this.#abandonLinks()
      this.write(encodeEnd(this.peer.fitting(error)))
    }
  }

  /** The connection is over. */
  abandon(): void {
    this.#state = 'over'
    this.#abandonLinks()
  }

  /** A link of that name and direction, if there is one. */
  linkNamed(name: string, isReceiver: boolean): Link | undefined {
    for (const link of this.#links.values()) {
      if (link.name === name && link.isReceiver === isReceiver && link.isAttached) return link
    }
    return undefined
  }

  nextDeliveryId(): number {
    const id = this.#nextDeliveryId
    this.#nextDeliveryId = next(id)
    return id
  }

  /** A transfer was written. */
  countTransfer(): void {
    this.#nextOutgoingId = next(this.#nextOutgoingId)
    this.#remoteIncomingWindow--
  }

  /** Puts an outcome off to the end of the tick, unless it can't be joined to the one before. */
  settle(deliveryId: number, state: Buffer): void {
    const waiting = this.#settlement
    if (waiting && waiting.state === state && deliveryId === next(waiting.last)) {
      waiting.last = deliveryId
      return
    }
    this.tellOutcomes()
    this.#settlement = { first: deliveryId, last: deliveryId, state }
    this.peer.writeLater(this)
  }

  /** Has a link's credit told at the end of the tick. */
  flowLater(link: ReceivingLink): void {
    this.#flowing.add(link)
    this.peer.writeLater(this)
  }

  /** Writes what was put off. */
  writePutOff(): void {
    this.tellOutcomes()
    const links = [...this.#flowing]
    this.#flowing.clear()
    if (this.#state !== 'open') return
    for (const link of links) link.writeCredit()
    if (this.#incomingWindow < INCOMING_WINDOW / 2) this.writeFlow()
  }

  tellOutcomes(): void {
    const waiting = this.#settlement
    if (!waiting) return
    this.#settlement = undefined
    if (this.#state === 'open') {
      this.wire.frame(0, this.channel, encodeDisposition({ isReceiver: true, ...waiting }))
    }
  }

  writeFlow(link?: { handle: number; deliveryCount: number; credit: number; drain: boolean }): void {
    this.#incomingWindow = INCOMING_WINDOW
    this.write(
      encodeFlow({
        nextIncomingId: this.#nextIncomingId,
        incomingWindow: this.#incomingWindow,
        nextOutgoingId: this.#nextOutgoingId,
        outgoingWindow: OUTGOING_WINDOW,
        link,
      }),
    )
  }

  #dispatch(code: number, fields: Fields, payload: Buffer): void {
    switch (code) {
      case PERFORMATIVE.transfer:
        this.#onTransfer(fields, payload)
        break
      case PERFORMATIVE.flow:
        this.#onFlow(fields)
        break
      case PERFORMATIVE.disposition:
        this.#onDisposition(fields)
        break
      case PERFORMATIVE.attach:
        this.#onAttach(fields)
        break
      case PERFORMATIVE.detach:
        this.#onDetach(fields)
        break
      default:
        throw new ProtocolError(`an unknown performative 0x${code.toString(16)}`)
    }
  }

  #onTransfer(fields: Fields, payload: Buffer): void {
    if (this.#incomingWindow <= 0) {
      throw new SessionError(
        'amqp:session:window-violation',
        'More transfers came than the window of the session allows.',
      )
    }
    this.#incomingWindow--
    this.#nextIncomingId = next(this.#nextIncomingId)
    if (this.#incomingWindow < INCOMING_WINDOW / 2) this.peer.writeLater(this)
    const handle = fields.integer(0) ?? 0
    const link = this.#links.get(handle)
    if (!(link instanceof ReceivingLink)) throw unattached(handle)
    link.onTransfer(fields, payload)
  }

  #onFlow(fields: Fields): void {
    const nextIncomingId = fields.integer(0) ?? 0
    this.#remoteIncomingWindow = Math.max(0, ahead(plus(nextIncomingId, fields.integer(1) ?? 0), this.#nextOutgoingId))
    const handle = fields.integer(4)
    const link = handle === undefined ? undefined : this.#links.get(handle)
    if (handle !== undefined && !link && !this.#formerHandles.has(handle)) throw unattached(handle)
    if (link && !link.isOver) {
      const flow = {
        deliveryCount: fields.integer(5),
        credit: fields.integer(6) ?? 0,
        drain: fields.flag(8),
        echo: fields.flag(9),
      }
      if (link instanceof SendingLink) link.onFlow(flow)
      else if (link instanceof ReceivingLink) link.onFlow(flow)
    } else if (handle === undefined && fields.flag(9)) this.writeFlow()
    for (const other of this.#links.values()) if (other instanceof SendingLink && other !== link) other.resume()
    if (link instanceof SendingLink) link.resume()
  }

  /**
   * Changes nothing here, whatever a reader makes of an event. One that wants to hear that its outcome has come is
   * told. AMQP 1.0 §2.6.12.
   */
  #onDisposition(fields: Fields): void {
    const [isReceiver, isSettled, state] = [fields.flag(0), fields.flag(3), fields.raw(4)]
    if (!isReceiver || isSettled || !state) return
    const first = fields.integer(1) ?? 0
    this.write(encodeDisposition({ isReceiver: false, first, last: fields.integer(2) ?? first, state }))
  }

  #onAttach(fields: Fields): void {
    const remoteHandle = fields.integer(1) ?? 0
    if (remoteHandle > HANDLE_MAX)
      throw new ProtocolError(`The handle ${remoteHandle} exceeds handle-max ${HANDLE_MAX}.`)
    if (this.#links.has(remoteHandle)) {
      throw new SessionError('amqp:session:handle-in-use', `The handle ${remoteHandle} is in use.`)
    }
    const isReceiver = !fields.flag(2)
    // The same link attached again, here or in another session, is taken from where it was. AMQP 1.0 §2.6.1.
    this.peer.linkNamed(fields.text(0) ?? '', isReceiver)?.detach({
      condition: 'amqp:link:stolen',
      description: 'The link has been attached elsewhere.',
    })
    let handle = 0
    while (this.#ownHandles.has(handle)) handle++
    this.#ownHandles.add(handle)
    if (isReceiver) {
      const link = new ReceivingLink(this, handle, fields)
      this.#links.set(remoteHandle, link)
      this.peer.events.onReceivingLink(link)
    } else {
      const link = new SendingLink(this, handle, fields)
      this.#links.set(remoteHandle, link)
      this.peer.events.onSendingLink(link)
    }
  }

  #onDetach(fields: Fields): void {
    const remoteHandle = fields.integer(0) ?? 0
    const link = this.#links.get(remoteHandle)
    if (!link) {
      if (this.#formerHandles.has(remoteHandle)) return
      throw unattached(remoteHandle)
    }
    this.#links.delete(remoteHandle)
    this.#formerHandles.add(remoteHandle)
    link.onDetach(fields.flag(1))
    this.#ownHandles.delete(link.handle)
  }

  #onEnd(): void {
    this.#abandonLinks()
    if (this.#state === 'open') this.write(encodeEnd(undefined))
    this.#state = 'over'
  }

  #abandonLinks(): void {
    this.#settlement = undefined
    for (const link of this.#links.values()) link.abandon()
    this.#links.clear()
  }
}

function unattached(handle: number): SessionError {
  return new SessionError('amqp:session:unattached-handle', `No link is attached to the handle ${handle}.`)
}

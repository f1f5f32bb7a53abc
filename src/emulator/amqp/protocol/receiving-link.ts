import { ACCEPTED, type AmqpError, encodeRejected, type Fields } from '../codec/performative.js'
import { Link } from './link.js'
import type { ParentSession } from './parents.js'
import { ahead, next, plus } from './serial.js'

/** A message on its way in. */
export interface Delivery {
  readonly id: number
  readonly format: number
  /** Empty when it is larger than the link takes. */
  readonly payload: Buffer
  /** Bytes of the payload as it was sent. */
  readonly size: number
  /** Settled by the sender: no outcome is told. */
  readonly isSettled: boolean
}

/** Fields of a transfer. AMQP 1.0 §2.7.5. */
const FIELD = { deliveryId: 1, format: 3, settled: 4, more: 5, aborted: 9 }

/** A delivery whose last transfer has not come. */
interface Incomplete {
  readonly id: number
  readonly format: number
  isSettled: boolean
  parts: Buffer[]
  size: number
}

/** Our end of a link on which the client sends. */
export class ReceivingLink extends Link {
  readonly isReceiver = true
  #onDelivery: (delivery: Delivery) => void = () => {}
  /** Bytes of a message that are gathered; of a longer one only the size is known. */
  #maxBytes = 0
  #credit = 0
  #deliveryCount: number
  /** Credit to be given with the next flow. */
  #wanted = 0
  #incomplete: Incomplete | undefined

  constructor(session: ParentSession, handle: number, fields: Fields) {
    super(session, handle, fields)
    this.#deliveryCount = this.initialDeliveryCount
  }

  /** Begins to take messages. */
  receive(options: { credit: number; maxBytes: number; onDelivery(delivery: Delivery): void }): void {
    this.#maxBytes = options.maxBytes
    this.#onDelivery = options.onDelivery
    this.#wanted = options.credit
    this.writeFlow()
  }

  /**
   * Lets the peer send more. It is told at the end of the tick: what came in together was sent before it could know, so a
   * sender that overruns its credit is found out.
   */
  addCredit(count: number): void {
    this.#wanted += count
    this.session.flowLater(this)
  }

  /** Tells the outcome of a delivery: accepted, or rejected with an error. */
  settle(delivery: Delivery, error?: AmqpError): void {
    if (delivery.isSettled || !this.isAttached) return
    const { session } = this
    session.settle(delivery.id, error ? encodeRejected(session.peer.fitting(error)) : ACCEPTED)
  }

  onTransfer(fields: Fields, payload: Buffer): void {
    if (this.isOver) return
    const isFirst = this.#incomplete === undefined
    if (isFirst && this.#credit === 0) {
      this.detach({
        condition: 'amqp:link:transfer-limit-exceeded',
        description: `The link '${this.name}' was sent more than its credit allows.`,
      })
      return
    }
    const incoming = this.#incomplete ?? this.#begin(fields)
    this.#incomplete = incoming
    if (fields.flag(FIELD.settled)) incoming.isSettled = true
    if (fields.flag(FIELD.aborted)) {
      // The sender gave the delivery up half-way. AMQP 1.0 §2.7.5.
      this.#incomplete = undefined
      this.addCredit(1)
      return
    }
    incoming.size += payload.length
    if (incoming.size <= this.#maxBytes) incoming.parts.push(payload)
    else incoming.parts = []
    if (fields.flag(FIELD.more)) return
    this.#incomplete = undefined
    const { id, format, size, isSettled, parts } = incoming
    const [only] = parts
    this.#onDelivery({
      id,
      format,
      size,
      isSettled,
      payload: parts.length === 1 && only ? only : Buffer.concat(parts),
    })
  }

  onFlow(fields: { deliveryCount: number | undefined; echo: boolean }): void {
    // A sender may give up credit by advancing its delivery count. AMQP 1.0 §2.6.7.
    const { deliveryCount, echo } = fields
    if (deliveryCount !== undefined) {
      const skipped = ahead(deliveryCount, this.#deliveryCount)
      if (skipped > 0) {
        this.#deliveryCount = deliveryCount
        this.#credit = Math.max(0, this.#credit - skipped)
      }
    }
    if (echo) this.writeFlow()
  }

  /** Tells of the credit that was added since the last flow. */
  writeCredit(): void {
    if (this.#wanted > 0) this.writeFlow()
  }

  writeFlow(): void {
    if (!this.isAttached) return
    this.#credit += this.#wanted
    this.#wanted = 0
    this.session.writeFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      credit: this.#credit,
      drain: false,
    })
  }

  #begin(fields: Fields): Incomplete {
    this.#credit--
    this.#deliveryCount = next(this.#deliveryCount)
    const id = fields.integer(FIELD.deliveryId) ?? plus(this.session.lastDeliveryId, 1)
    this.session.lastDeliveryId = id
    return { id, format: fields.integer(FIELD.format) ?? 0, isSettled: false, parts: [], size: 0 }
  }
}

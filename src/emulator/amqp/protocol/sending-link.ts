import { Link } from './link.js'
import { ahead, next, plus } from './serial.js'

/** Bytes of a transfer's performative, as this link writes it: all its fields. */
const PERFORMATIVE_SIZE = 27
const TRANSFER_HEAD = Buffer.from([0x00, 0x53, 0x14, 0xc0, PERFORMATIVE_SIZE - 5, 11])
const FRAME_HEAD = 8

/** A delivery of which the session's window or the frame size let only a part go. */
interface Rest {
  readonly buffer: Buffer
  at: number
  readonly end: number
  readonly id: number
}

/** Our end of a link on which the client receives. */
export class SendingLink extends Link {
  readonly isReceiver = false
  /** True where deliveries leave settled for a client that names no mode, false where it has to ask for it. */
  settlesByDefault = false
  /** Deliveries leave settled. AMQP 1.0 §2.8.2. */
  #isSettled = false
  #credit = 0
  #deliveryCount = 0
  #drain = false
  #rest: Rest | undefined
  #onReady: () => void = () => {}

  /** Calls back when more can be sent, or has to be drained. */
  onReady(listener: () => void): void {
    this.#onReady = listener
  }

  get credit(): number {
    return this.#credit
  }

  /** True while the peer waits for its unused credit to be taken back. */
  get isDraining(): boolean {
    return this.#drain
  }

  /** True when a delivery can begin now. */
  get canSend(): boolean {
    return this.#credit > 0 && this.#rest === undefined && this.isAttached && this.session.outgoingWindow > 0
  }

  /** Sends the bytes from `start` to `end`, and before them `prefix`; to be called when `canSend` is true. */
  send(buffer: Buffer, start: number, end: number, prefix?: Buffer): void {
    // What a request came to is told before its answer: uAMQP insists.
    this.session.tellOutcomes()
    const id = this.session.nextDeliveryId()
    this.#credit--
    this.#deliveryCount = next(this.#deliveryCount)
    const size = end - start + (prefix?.length ?? 0)
    if (size <= this.#payloadPerFrame) {
      const at = this.session.wire.frameHead(0, this.session.channel, PERFORMATIVE_SIZE, size)
      this.#writeTransfer(at, id, false)
      this.session.countTransfer()
      if (prefix) this.session.wire.payload(prefix, 0, prefix.length)
      this.session.wire.payload(buffer, start, end)
      return
    }
    const whole = prefix ? Buffer.concat([prefix, buffer.subarray(start, end)]) : buffer
    this.#rest = prefix ? { buffer: whole, at: 0, end: whole.length, id } : { buffer, at: start, end, id }
    this.#sendRest()
  }

  /** Takes back what credit is left, when the peer asked for that. */
  drained(): void {
    if (!this.#drain || this.#rest) return
    this.#drain = false
    this.#deliveryCount = plus(this.#deliveryCount, this.#credit)
    this.#credit = 0
    this.#writeFlow(true)
  }

  onFlow(fields: { deliveryCount: number | undefined; credit: number; drain: boolean; echo: boolean }): void {
    const { deliveryCount = 0, credit, drain, echo } = fields
    // What the peer has not yet seen leave counts against what it gives. AMQP 1.0 §2.6.7.
    this.#credit = Math.max(0, ahead(plus(deliveryCount, credit), this.#deliveryCount))
    this.#drain = drain
    this.#onReady()
    if (echo && !drain) this.#writeFlow(false)
  }

  /** The session's window has opened. */
  resume(): void {
    if (this.#rest) this.#sendRest()
    if (!this.#rest) this.#onReady()
  }

  protected override attached(): void {
    this.#isSettled = (this.sndSettleMode ?? (this.settlesByDefault ? 1 : 2)) === 1
  }

  get #payloadPerFrame(): number {
    return this.session.peer.maxFrameSize - FRAME_HEAD - PERFORMATIVE_SIZE
  }

  #sendRest(): void {
    const rest = this.#rest as Rest
    const { session } = this
    while (rest.at < rest.end && session.outgoingWindow > 0 && this.isAttached) {
      const size = Math.min(rest.end - rest.at, this.#payloadPerFrame)
      const at = session.wire.frameHead(0, session.channel, PERFORMATIVE_SIZE, size)
      this.#writeTransfer(at, rest.id, rest.at + size < rest.end)
      session.countTransfer()
      session.wire.payload(rest.buffer, rest.at, rest.at + size)
      rest.at += size
    }
    if (rest.at === rest.end) this.#rest = undefined
  }

  /** handle, delivery-id, delivery-tag, message-format, settled, more, and five nulls. AMQP 1.0 §2.7.5. */
  #writeTransfer(start: number, id: number, more: boolean): void {
    const { buffer } = this.session.wire
    let at = start + TRANSFER_HEAD.copy(buffer, start)
    buffer[at++] = 0x52
    buffer[at++] = this.handle
    buffer[at++] = 0x70
    at = buffer.writeUInt32BE(id, at)
    // A delivery's id is a tag as good as any: unique on the link as long as it matters. AMQP 1.0 §2.6.12.
    buffer[at++] = 0xa0
    buffer[at++] = 4
    at = buffer.writeUInt32BE(id, at)
    buffer[at++] = 0x43
    buffer[at++] = this.#isSettled ? 0x41 : 0x42
    buffer[at++] = more ? 0x41 : 0x42
    buffer.fill(0x40, at, at + 5)
  }

  #writeFlow(drain: boolean): void {
    if (!this.isAttached) return
    this.session.writeFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      credit: this.#credit,
      drain,
    })
  }
}

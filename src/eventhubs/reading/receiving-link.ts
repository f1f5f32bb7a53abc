import { DecodingError } from './decoding.js'
import type { AttachedAt, LinkPlace, RoutedLink } from './frame-router.js'
import type { FieldReader } from './performatives.js'

/** Transfers that the session takes before it must be told to go on. Events are held back by credit, never by this. */
const sessionWindow = 5000

/** No event has as many bytes: whoever sends one means harm. */
export const largestDelivery: number = 128 * 1024 * 1024

export interface ReceivingLinkEvents {
  /** Writes to the connection. */
  send(bytes: Buffer): void
  /** The sender is to be told of credit, or of the session's window: `takeFlow` has what to write. */
  onFlowDue(): void
  /** An event has come, the bytes from `start` to `end`. */
  onDelivery(bytes: Buffer, start: number, end: number): void
  /** All that came in one piece has been told. */
  onPieceEnd(): void
}

/**
 * The receiving end of a link in a session of its own: puts deliveries together from transfers, settles what comes
 * unsettled, keeps credit and the session's window. It is attached and detached by others.
 *
 * AMQP 1.0 part 2, 2.5.6 and 2.6.7.
 */
export class ReceivingLink implements RoutedLink {
  readonly name: string
  readonly #events: ReceivingLinkEvents
  #place: LinkPlace | undefined
  #at: AttachedAt | undefined
  #credit = 0
  #deliveryCount = 0
  #nextIncomingId = 0
  #window = sessionWindow
  /** Frames of a delivery that is not all there. */
  #frames: Buffer[] = []
  #size = 0
  #isIncomplete = false
  #isSettled = false
  #deliveryId: number | undefined
  #unsettledFrom: number | undefined
  #unsettledTo = 0

  constructor(name: string, events: ReceivingLinkEvents) {
    this.name = name
    this.#events = events
  }

  /** Events that were asked for and have not come, or not all of it: the service takes those for used up already. */
  get outstanding(): number {
    return this.#credit + Number(this.#isIncomplete)
  }

  /** The service has answered, and will not have it. */
  get isRefused(): boolean {
    return this.#at?.isRefused ?? false
  }

  /** Asks for more events. */
  grant(count: number): void {
    this.#credit += count
    this.#events.onFlowDue()
  }

  onAttaching(place: LinkPlace): void {
    this.#place = place
  }

  onAttached(at: AttachedAt): void {
    this.#at = at
    this.#deliveryCount = at.deliveryCount
    this.#nextIncomingId = at.nextIncomingId
  }

  onTransfer(fields: FieldReader, frame: Buffer, end: number): void {
    this.#assertHandle(fields.uint())
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0
    this.#window--
    const deliveryId = fields.uint()
    fields.skip(2)
    const isSettled = fields.boolean()
    const hasMore = fields.boolean()
    fields.skip(3)
    const isAborted = fields.boolean()
    if (this.#isIncomplete) this.#assertGoesOn(deliveryId)
    else this.#begin(deliveryId)
    this.#isSettled ||= isSettled
    this.#isIncomplete = hasMore && !isAborted
    if (isAborted) {
      this.#drop()
      return
    }
    this.#size += end - fields.end
    if (this.#size > largestDelivery) throw new DecodingError(`a delivery is larger than ${largestDelivery} bytes`)
    const isWhole = !hasMore && this.#frames.length === 0
    if (!isWhole) this.#frames.push(frame.subarray(fields.end, end))
    if (hasMore) return
    const bytes = isWhole ? frame : Buffer.concat(this.#frames, this.#size)
    this.#drop()
    if (!this.#isSettled) this.#settleLater()
    if (isWhole) this.#events.onDelivery(bytes, fields.end, end)
    else this.#events.onDelivery(bytes, 0, bytes.length)
  }

  onFlow(fields: FieldReader): void {
    fields.skip(2)
    this.#nextIncomingId = fields.uint() ?? this.#nextIncomingId
    fields.skip(1)
    const handle = fields.uint()
    const deliveryCount = fields.uint()
    fields.skip(3)
    const wantsAnswer = fields.boolean()
    // What the sender has counted without sending is credit that is used up.
    const ahead = handle === undefined ? 0 : ((deliveryCount ?? this.#deliveryCount) - this.#deliveryCount) | 0
    if (ahead > 0) {
      this.#deliveryCount = (this.#deliveryCount + ahead) >>> 0
      this.#credit = Math.max(0, this.#credit - ahead)
    }
    if (wantsAnswer) this.#events.onFlowDue()
  }

  onPieceEnd(): void {
    if (this.#unsettledFrom !== undefined) this.#settle(this.#unsettledFrom)
    this.#events.onPieceEnd()
    if (this.#window < sessionWindow / 2) this.#events.onFlowDue()
  }

  #assertHandle(handle: number | undefined): void {
    if (this.#at && handle === this.#at.handle) return
    throw new DecodingError(`a transfer came on handle ${handle}, where no link is`)
  }

  #begin(deliveryId: number | undefined): void {
    if (deliveryId === undefined) throw new DecodingError('a transfer begins a delivery without an id')
    const due = this.#deliveryId === undefined ? deliveryId : (this.#deliveryId + 1) >>> 0
    if (deliveryId !== due) throw new DecodingError(`delivery ${deliveryId} came where ${due} was due`)
    this.#deliveryId = deliveryId
    this.#isSettled = false
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0
    this.#credit = Math.max(0, this.#credit - 1)
  }

  #assertGoesOn(deliveryId: number | undefined): void {
    if (deliveryId === undefined || deliveryId === this.#deliveryId) return
    throw new DecodingError(`delivery ${deliveryId} came before the end of ${this.#deliveryId}`)
  }

  #drop(): void {
    if (this.#frames.length > 0) this.#frames = []
    this.#size = 0
  }

  #settleLater(): void {
    this.#unsettledTo = this.#deliveryId ?? 0
    this.#unsettledFrom ??= this.#unsettledTo
  }

  #settle(from: number): void {
    this.#unsettledFrom = undefined
    if (this.#place) this.#events.send(encodeAccepted(this.#place.channel, from, this.#unsettledTo))
  }

  /** The flow that tells how things are; none before the link is attached. */
  takeFlow(): Buffer | undefined {
    const place = this.#place
    if (!place || !this.#at) return undefined
    this.#window = sessionWindow
    return encodeFlow(place.channel, [
      this.#nextIncomingId,
      sessionWindow,
      place.nextOutgoingId,
      place.outgoingWindow,
      place.handle,
      this.#deliveryCount,
      this.#credit,
    ])
  }
}

/** Size, data offset 2, type 0 and channel. */
function frameOf(channel: number, length: number): Buffer {
  const frame = Buffer.allocUnsafe(length)
  frame.writeUInt32BE(length, 0)
  frame.writeUInt16BE(0x0200, 4)
  frame.writeUInt16BE(channel, 6)
  return frame
}

/** Flow: its first seven fields, all whole numbers. AMQP 1.0 part 2, 2.7.4. */
function encodeFlow(channel: number, fields: readonly number[]): Buffer {
  const frame = frameOf(channel, 14 + fields.length * 5)
  frame.writeUIntBE(0x005313, 8, 3)
  frame[11] = 0xc0
  frame[12] = fields.length * 5 + 1
  frame[13] = fields.length
  let at = 14
  for (const field of fields) {
    frame[at] = 0x70
    at = frame.writeUInt32BE(field, at + 1)
  }
  return frame
}

/** Disposition of a receiver: from first to last, settled, accepted. AMQP 1.0 part 2, 2.7.6. */
function encodeAccepted(channel: number, first: number, last: number): Buffer {
  const frame = frameOf(channel, 30)
  frame.writeUIntBE(0x005315, 8, 3)
  frame.writeUIntBE(0xc01105, 11, 3)
  frame[14] = 0x41
  frame[15] = 0x70
  frame.writeUInt32BE(first, 16)
  frame[20] = 0x70
  frame.writeUInt32BE(last, 21)
  frame[25] = 0x41
  frame.writeUInt32BE(0x00532445, 26)
  return frame
}

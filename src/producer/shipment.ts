import type { OutgoingEvent } from '../translate/event.js'

/** Who is told of a shipment's fate, once. */
export interface Recipient {
  /** Every event of it is stored. */
  shipmentStored(): void
  /** It has failed for good; some of its events may be stored. */
  shipmentFailed(error: unknown): void
}

export interface ShipmentOptions {
  readonly partition: number
  readonly events: readonly OutgoingEvent[]
  /** Shipments are sent in one transfer only with others of the same lane. */
  readonly lane: unknown
  /** Ms that one transfer may take to be acknowledged; undefined leaves it to `requestTimeout`. */
  readonly timeout: number | undefined
}

/** What one `send` has for one partition, and how far it has got. */
export class Shipment {
  readonly partition: number
  readonly events: readonly OutgoingEvent[]
  readonly lane: unknown
  readonly timeout: number | undefined
  #recipient: Recipient | undefined
  #packed = 0
  #stored = 0
  #isOver: boolean = false

  constructor({ partition, events, lane, timeout }: ShipmentOptions) {
    this.partition = partition
    this.events = events
    this.lane = lane
    this.timeout = timeout
  }

  /** Says who is to be told. */
  consign(recipient: Recipient): void {
    this.#recipient = recipient
  }

  /** Its fate is known: nothing of it is to be sent any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The next event that is in no batch yet. */
  get nextToPack(): OutgoingEvent | undefined {
    return this.events[this.#packed]
  }

  /** Those that are not known to be stored: batches of a partition are stored in order. */
  get unstored(): readonly OutgoingEvent[] {
    return this.events.slice(this.#stored)
  }

  packed(): void {
    this.#packed++
  }

  stored(count: number): void {
    this.#stored += count
    if (this.#stored < this.events.length || this.#isOver) return
    this.#isOver = true
    this.#recipient?.shipmentStored()
  }

  failed(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#recipient?.shipmentFailed(error)
  }
}

import type { ReceivedEvent } from '../../translate/event.js'

/** Events of a stream that are at hand until they are done with. Never none. */
export class HeldEvents {
  #events: readonly ReceivedEvent[]
  /** Index of the first one that is not done with. */
  #from = 0
  #first: boolean
  #isTaken = false

  /** @param first - these are the first since the link was opened */
  constructor(events: readonly ReceivedEvent[], first: boolean) {
    this.#events = events
    this.#first = first
  }

  /** The first since the link was opened, as long as none of them is done with. */
  get first(): boolean {
    return this.#first
  }

  /** Handed over before: they come again. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /** The number of those that are not done with. */
  get size(): number {
    return this.#events.length - this.#from
  }

  /** The sequence number behind the last of them. */
  get end(): number {
    return (this.#events.at(-1) as ReceivedEvent).sequenceNumber + 1
  }

  /** Those that are not done with. */
  take(): readonly ReceivedEvent[] {
    this.#isTaken = true
    return this.#from === 0 ? this.#events : this.#events.slice(this.#from)
  }

  /** Adds what has come behind them. */
  add(events: readonly ReceivedEvent[]): void {
    this.#events = [...this.#events.slice(this.#from), ...events]
    this.#from = 0
  }

  /** Goes on at a sequence number, forth or back. False where that is not among them. */
  goTo(sequenceNumber: number): boolean {
    const begin = (this.#events[0] as ReceivedEvent).sequenceNumber
    if (sequenceNumber < begin || sequenceNumber >= this.end) return false
    this.#from = indexOf(this.#events, sequenceNumber)
    this.#first = false
    return true
  }
}

/** Index of the first event at or after a sequence number; numbers have gaps only on compacted event hubs. */
function indexOf(events: readonly ReceivedEvent[], sequenceNumber: number): number {
  const guess = sequenceNumber - (events[0]?.sequenceNumber ?? 0)
  if (events[guess]?.sequenceNumber === sequenceNumber) return guess
  return events.findIndex((event) => event.sequenceNumber >= sequenceNumber)
}

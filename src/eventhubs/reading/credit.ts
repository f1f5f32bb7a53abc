/**
 * The number of events to ask for, so that what waits in memory is bounded by bytes although AMQP's credit counts
 * events. A partition starts with one event, learns how large events are, and goes on from there.
 */
export interface CreditOptions {
  /** Bytes that the partition may hold, at the moment. */
  readonly budget: () => number
  /** Most events that are held or asked for, whatever their size. */
  readonly limit: number
}

/** The events that are held: handed over and not done with, or waiting. */
export interface Held {
  readonly count: number
  readonly bytes: number
}

/** The cost of an event beside the bytes it comes in. */
export const eventOverhead = 256
/** The number of bytes that the first events, which tell the size of all, are trusted with. */
const mostAtFirst = 256
/** So many events tell enough. */
const enoughEvents = 64

export class Credit {
  readonly #options: CreditOptions
  #averageBytes = 0
  #seen = 0

  constructor(options: CreditOptions) {
    this.#options = options
  }

  /** Events have come that take so many bytes, overhead included. */
  learn({ count, bytes }: Held): void {
    if (count === 0) return
    const average = bytes / count
    this.#averageBytes = this.#seen === 0 ? average : this.#averageBytes * 0.7 + average * 0.3
    this.#seen += count
  }

  /** The number of events to ask for beyond the `outstanding` ones. Nothing that is asked for is taken back. */
  more({ count, bytes }: Held, outstanding: number): number {
    const { budget, limit } = this.#options
    const least = count + outstanding === 0 ? 1 : 0
    if (this.#seen === 0) return least
    const room = budget()
    const most = this.#seen < enoughEvents ? Math.min(limit, mostAtFirst) : limit
    const ahead = Math.min(most - count, Math.floor((room - bytes) / this.#averageBytes))
    const missing = ahead - outstanding
    // A quarter of all at a time, since each time is a frame.
    const worthwhile = Math.min(most, room / this.#averageBytes) / 4
    return missing > 0 && missing >= worthwhile ? missing : least
  }
}

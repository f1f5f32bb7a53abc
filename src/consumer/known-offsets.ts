import type { ReceivedEvent } from '../translate/event.js'

/** The service's own offsets of some events, kept in place of the events, whose bodies would stay in memory. */
export class KnownOffsets {
  readonly #first: number
  /** By place behind the first; NaN where the offset is none of JavaScript's numbers, or not the event's place. */
  readonly #numbers: Float64Array
  /** Those of the other events, by sequence number. */
  #others: Map<number, string> | undefined

  constructor(events: readonly Pick<ReceivedEvent, 'sequenceNumber' | 'offset' | 'wholeOffset'>[]) {
    const first = events[0]?.sequenceNumber ?? 0
    const numbers = new Float64Array(events.length)
    this.#first = first
    this.#numbers = numbers
    for (let i = 0; i < numbers.length; i++) {
      const event = events[i] as ReceivedEvent
      const number = event.sequenceNumber === first + i ? event.wholeOffset : Number.NaN
      numbers[i] = number
      if (Number.isNaN(number)) {
        this.#others ??= new Map()
        this.#others.set(event.sequenceNumber, event.offset)
      }
    }
  }

  /** The offset of the event with this sequence number, if it is one of them. */
  of(sequenceNumber: number): string | undefined {
    const number = this.#numbers[sequenceNumber - this.#first]
    if (number === undefined || Number.isNaN(number)) return this.#others?.get(sequenceNumber)
    return String(number)
  }
}

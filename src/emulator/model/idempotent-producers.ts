import { RefusedError } from './errors.js'
import type { IncomingEvent, ProducerMark } from './event.js'

/** What a publishing link says, or is told, about its producer. */
export interface ProducerState {
  readonly producerId: number
  readonly epoch: number
  /** Of the last event stored; the first one of a new producer is the next after -1. Source: azure-sdk-for-net #18016. */
  readonly sequenceNumber: number
}

const FIRST_EPOCH = 0
const NO_EVENT_YET = -1
const MAX_INT = 0x7fff_ffff

/**
 * Idempotent publishing to one partition: producers, their epochs, the last sequence number of each. Rules: azure-sdk-for-js,
 * its test eventHubProducerClient.idem.spec.
 */
export class IdempotentProducers {
  #producers = new Map<number, ProducerState>()
  #nextId = 1

  /**
   * A link opens. What it leaves out the service chooses, what it gives is what it is told: a producer that comes again
   * after a lost acknowledgement repeats the numbers it was not told about, and is known by them. A lower epoch than the
   * last is refused; a higher one, also one the service chose for a known producer, shuts out the links before it.
   */
  open(wanted: Partial<ProducerState>): ProducerState {
    if (wanted.epoch !== undefined && wanted.epoch < 0) throw argumentOutOfRange('epoch', wanted.epoch)
    if (wanted.sequenceNumber !== undefined && wanted.sequenceNumber < NO_EVENT_YET) {
      throw argumentOutOfRange('sequence number', wanted.sequenceNumber)
    }
    const producerId = wanted.producerId ?? this.#unusedId()
    const known = this.#producers.get(producerId)
    const epoch = wanted.epoch ?? (known ? known.epoch + 1 : FIRST_EPOCH)
    if (known && epoch < known.epoch) throw epochStolen(producerId, epoch, known.epoch)
    const stored = known && epoch === known.epoch ? known.sequenceNumber : NO_EVENT_YET
    const given = wanted.sequenceNumber ?? stored
    this.#producers.set(producerId, { producerId, epoch, sequenceNumber: Math.max(stored, given) })
    return { producerId, epoch, sequenceNumber: given }
  }

  /**
   * Whether a batch is to be stored; false when it already is. Throws when it belongs to an epoch that is over, leaves a
   * gap or overlaps.
   */
  admit(events: readonly IncomingEvent[]): boolean {
    const first = events[0]?.producer
    if (!first) return true
    const { producerId, epoch, sequenceNumber } = first
    const known = this.#producers.get(producerId)
    if (!known) throw outOfOrder(first, NO_EVENT_YET)
    if (epoch !== known.epoch) throw epochStolen(producerId, epoch, known.epoch)
    let last = sequenceNumber
    for (const event of events.slice(1)) {
      if (event.producer?.sequenceNumber !== successor(last)) throw outOfOrder(event.producer ?? first, last)
      last = successor(last)
    }
    if (sequenceNumber === successor(known.sequenceNumber)) {
      this.#producers.set(producerId, { ...known, sequenceNumber: last })
      return true
    }
    if (last <= known.sequenceNumber) return false
    throw outOfOrder(first, known.sequenceNumber)
  }

  #unusedId(): number {
    while (this.#producers.has(this.#nextId)) this.#nextId++
    return this.#nextId++
  }
}

/** Sequence numbers are an AMQP int and wrap to 0, as in Kafka, whose protocol this follows. */
const successor = (sequenceNumber: number) => (sequenceNumber === MAX_INT ? 0 : sequenceNumber + 1)

function argumentOutOfRange(what: 'id' | 'epoch' | 'sequence number', value: number): RefusedError {
  return new RefusedError({ kind: 'producer-out-of-range', what, value })
}

function epochStolen(producerId: number, epoch: number, current: number): RefusedError {
  return new RefusedError({ kind: 'producer-fenced', producerId, epoch, current })
}

function outOfOrder({ producerId, sequenceNumber }: ProducerMark, last: number): RefusedError {
  return new RefusedError({ kind: 'sequence-out-of-order', producerId, sequenceNumber, last })
}

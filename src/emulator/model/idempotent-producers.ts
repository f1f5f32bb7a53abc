import { RefusedError } from './errors.js'
import type { IncomingEvent, ProducerMark } from './event.js'

/** The words of a publishing link about its producer, or to it. */
export interface ProducerState {
  readonly producerId: number
  readonly epoch: number
  /** Of the last event stored; the first one of a new producer is 1. */
  readonly sequenceNumber: number
}

const FIRST_EPOCH = 0
/**
 * The number a new producer is told: its first event is the next. Source: azure-sdk-for-js,
 * eventHubProducerClient.idem.spec.
 */
const NO_EVENT_YET = 0
const MAX_INT = 0x7fff_ffff

/** Batches whose replay is known for one; Kafka, whose protocol this follows, keeps as many. */
const KNOWN_BATCHES = 5

interface Producer extends ProducerState {
  /** Of the newest batches, the first and last sequence number. */
  readonly batches: readonly { readonly first: number; readonly last: number }[]
}

/**
 * Idempotent publishing to one partition: producers, their epochs, the last sequence number of each. Rules: azure-sdk-for-js,
 * its test eventHubProducerClient.idem.spec.
 */
export class IdempotentProducers {
  #producers = new Map<number, Producer>()
  #nextId = 1

  /**
   * A publisher opens. What it leaves out the service chooses, what it gives is what it is told; what was stored stays known,
   * whatever it says. A lower epoch than the last is refused; a higher one, also one the service chose for a known producer,
   * shuts out the publishers before it.
   */
  open(wanted: Partial<ProducerState>): ProducerState {
    for (const number of [wanted.producerId, wanted.epoch, wanted.sequenceNumber]) {
      if (number !== undefined && number < 0) throw new RefusedError({ kind: 'producer-out-of-range' })
    }
    const producerId = wanted.producerId ?? this.#unusedId()
    const known = this.#producers.get(producerId)
    const epoch = wanted.epoch ?? (known ? known.epoch + 1 : FIRST_EPOCH)
    if (known && epoch < known.epoch) throw epochStolen(producerId, epoch, known.epoch)
    const stored = known?.sequenceNumber ?? NO_EVENT_YET
    const given = wanted.sequenceNumber ?? stored
    this.#producers.set(producerId, {
      producerId,
      epoch,
      sequenceNumber: Math.max(stored, given),
      batches: known?.batches ?? [],
    })
    return { producerId, epoch, sequenceNumber: given }
  }

  /**
   * True when a batch is to be stored; false when it already is. Throws when it belongs to an epoch that is over,
   * leaves a gap or repeats what is stored in other batches.
   */
  admit(events: readonly IncomingEvent[]): boolean {
    const first = events[0]?.producer
    if (!first) return true
    const { producerId, epoch, sequenceNumber } = first
    const known = this.#producers.get(producerId)
    if (!known) throw outOfOrder(first, NO_EVENT_YET)
    if (epoch !== known.epoch) throw epochStolen(producerId, epoch, known.epoch)
    let last = sequenceNumber
    for (let i = 1; i < events.length; i++) {
      const mark = events[i]?.producer
      if (mark?.sequenceNumber !== successor(last)) throw outOfOrder(mark ?? first, last)
      last = successor(last)
    }
    if (known.batches.some((batch) => batch.first === sequenceNumber && batch.last === last)) return false
    if (sequenceNumber !== successor(known.sequenceNumber)) throw outOfOrder(first, known.sequenceNumber)
    const batches = [...known.batches.slice(1 - KNOWN_BATCHES), { first: sequenceNumber, last }]
    this.#producers.set(producerId, { ...known, sequenceNumber: last, batches })
    return true
  }

  #unusedId(): number {
    while (this.#producers.has(this.#nextId)) this.#nextId++
    return this.#nextId++
  }
}

/** Sequence numbers are an AMQP int and wrap to 0, as in Kafka, whose protocol this follows. */
const successor = (sequenceNumber: number) => (sequenceNumber === MAX_INT ? 0 : sequenceNumber + 1)

function epochStolen(producerId: number, epoch: number, current: number): RefusedError {
  return new RefusedError({ kind: 'producer-fenced', producerId, epoch, current })
}

function outOfOrder({ producerId, sequenceNumber }: ProducerMark, last: number): RefusedError {
  return new RefusedError({ kind: 'sequence-out-of-order', producerId, sequenceNumber, last })
}

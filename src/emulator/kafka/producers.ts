import type { Partition } from '../model/partition.js'
import { ERROR, KafkaError } from './protocol/error-codes.js'
import type { BatchProducer } from './records/record-batch.js'

/** One batch that was stored. */
interface StoredBatch {
  readonly first: number
  readonly last: number
  readonly baseOffset: number
}

interface ProducerState {
  epoch: number
  /** The last five: as many requests as an idempotent client has under way. */
  batches: StoredBatch[]
}

const REMEMBERED_BATCHES = 5
const MAX_SEQUENCE = 0x7fff_ffff
/** Producers a partition remembers; the one not heard of for longest is forgotten. A forgotten one begins anew. */
const MAX_PRODUCERS = 10_000

/**
 * Idempotent producers of the Kafka protocol, apart from those of AMQP: their ids are the namespace's. Rules: apache/kafka,
 * ProducerStateManager and ProducerAppendInfo.
 */
export class Producers {
  #nextId = 1
  #partitions = new WeakMap<Partition, Map<number, ProducerState>>()

  createId(): number {
    return this.#nextId++
  }

  /**
   * The offset a batch got when it was stored before; undefined when it is to be stored now. Throws when it belongs to an
   * epoch that is over or leaves a gap.
   */
  storedBefore(partition: Partition, producer: BatchProducer, count: number): number | undefined {
    const { producerEpoch, baseSequence } = producer
    const known = this.#partitions.get(partition)?.get(producer.producerId)
    // One that is not known any more may go on where it was.
    if (!known) return undefined
    if (producerEpoch < known.epoch) {
      throw new KafkaError(ERROR.invalidProducerEpoch, 'A producer with a newer epoch exists.')
    }
    if (producerEpoch > known.epoch) {
      if (baseSequence === 0) return undefined
      throw outOfOrder(baseSequence, 0)
    }
    const last = plus(baseSequence, count - 1)
    const repeated = known.batches.find((batch) => batch.first === baseSequence && batch.last === last)
    if (repeated) return repeated.baseOffset
    const expected = plus(known.batches.at(-1)?.last ?? MAX_SEQUENCE, 1)
    if (baseSequence !== expected) throw outOfOrder(baseSequence, expected)
    return undefined
  }

  /** Remembers a batch that was stored. */
  stored(partition: Partition, producer: BatchProducer, batch: { count: number; baseOffset: number }): void {
    const { producerId, producerEpoch, baseSequence } = producer
    let producers = this.#partitions.get(partition)
    if (!producers) {
      producers = new Map()
      this.#partitions.set(partition, producers)
    }
    const known = producers.get(producerId)
    const state = known && known.epoch === producerEpoch ? known : { epoch: producerEpoch, batches: [] }
    state.batches.push({
      first: baseSequence,
      last: plus(baseSequence, batch.count - 1),
      baseOffset: batch.baseOffset,
    })
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift()
    // To the end of the map, whose first key is then the one not heard of for longest.
    producers.delete(producerId)
    producers.set(producerId, state)
    if (producers.size > MAX_PRODUCERS) for (const oldest of producers.keys()) return void producers.delete(oldest)
  }
}

/** Sequence numbers wrap to 0. */
function plus(sequence: number, count: number): number {
  return (sequence + count) % (MAX_SEQUENCE + 1)
}

function outOfOrder(sequence: number, expected: number): KafkaError {
  return new KafkaError(
    ERROR.outOfOrderSequenceNumber,
    `The sequence number ${sequence} is out of order: ${expected} is the next one.`,
  )
}

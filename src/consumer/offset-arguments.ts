import { KafkaJSNonRetriableError } from '../errors/index.js'
import { EARLIEST, LATEST } from '../translate/offset.js'
import type { TopicPartitionOffset, TopicPartitionOffsetAndMetadata } from '../types/index.js'

/** Checks of `seek` and `commitOffsets`, in kafkajs's words. They throw `KafkaJSNonRetriableError`. */

interface Checked {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

function check({ topic, partition, offset }: TopicPartitionOffset): Checked {
  if (!topic || typeof topic !== 'string') throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
  if (Number.isNaN(Number(partition ?? Number.NaN))) {
    throw new KafkaJSNonRetriableError(`Invalid partition, expected a number received ${partition}`)
  }
  try {
    if (String(offset) === '') throw new SyntaxError()
    return { topic, partition: Number(partition), offset: BigInt(offset) }
  } catch {
    throw new KafkaJSNonRetriableError(`Invalid offset, expected a long received ${offset}`)
  }
}

export function parseSeek(given: TopicPartitionOffset): { topic: string; partition: number; offset: number } {
  const { topic, partition, offset } = check(given)
  if (offset < 0n && ![LATEST, EARLIEST].includes(Number(offset))) {
    throw new KafkaJSNonRetriableError('Offset must not be a negative number')
  }
  // Beyond every event, as what lies further.
  return { topic, partition, offset: Math.min(Number(offset), Number.MAX_SAFE_INTEGER) }
}

export function parseCommit(given: TopicPartitionOffsetAndMetadata): TopicPartitionOffsetAndMetadata {
  const { topic, partition, offset } = check(given)
  if (offset < 0n) throw new KafkaJSNonRetriableError('Offset must not be a negative number')
  const { metadata = null } = given
  if (metadata !== null && typeof metadata !== 'string') {
    throw new KafkaJSNonRetriableError(`Invalid offset metadata, expected string or null, received ${metadata}`)
  }
  return { topic, partition, offset: String(offset), metadata }
}

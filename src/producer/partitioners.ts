import { randomInt } from 'node:crypto'
import type { ICustomPartitioner, PartitionerArgs } from '../types/producer.js'
import { legacyMurmur2, murmur2 } from './murmur2.js'

const POSITIVE = 0x7fffffff
const COUNTER_START_LIMIT = 2 ** 32

/**
 * The message's own partition; else the hash of its key over all partitions, also those without a leader; else round
 * robin over those with one. The two partitioners of kafkajs differ in the hash alone.
 */
function createPartitionerFactory(hash: (key: unknown) => number): ICustomPartitioner {
  return () => {
    const counters = new Map<string, number>()

    const next = (topic: string): number => {
      const counter = (counters.get(topic) ?? randomInt(COUNTER_START_LIMIT)) + 1
      counters.set(topic, counter)
      return counter & POSITIVE
    }

    return ({ topic, partitionMetadata, message }: PartitionerArgs): number => {
      if (message.partition !== null && message.partition !== undefined) return message.partition
      if (message.key !== null && message.key !== undefined) {
        return (hash(message.key) & POSITIVE) % partitionMetadata.length
      }
      const available = partitionMetadata.every(hasLeader) ? partitionMetadata : partitionMetadata.filter(hasLeader)
      const chosen = available[next(topic) % available.length]
      return chosen ? chosen.partitionId : next(topic) % partitionMetadata.length
    }
  }
}

function hasLeader(partition: { leader: number }): boolean {
  return partition.leader >= 0
}

const createDefaultPartitioner = createPartitionerFactory(murmur2)

/**
 * kafkajs's partitioners. `JavaCompatiblePartitioner` is the default one under its old name; `LegacyPartitioner` is the
 * default of kafkajs 1.
 *
 * @public
 */
export const Partitioners: {
  DefaultPartitioner: ICustomPartitioner
  LegacyPartitioner: ICustomPartitioner
  JavaCompatiblePartitioner: ICustomPartitioner
} = {
  DefaultPartitioner: createDefaultPartitioner,
  LegacyPartitioner: createPartitionerFactory(legacyMurmur2),
  JavaCompatiblePartitioner: createDefaultPartitioner,
}

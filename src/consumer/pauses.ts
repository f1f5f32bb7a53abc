import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { TopicPartitions } from '../types/index.js'

/**
 * The topics and partitions that are paused, with kafkajs's algebra: a whole topic, or some partitions; a partition
 * resumed out of a paused topic leaves the others paused; partitions paused in a paused topic narrow it to them.
 */
export interface Pauses {
  pause(list: readonly PauseEntry[]): void
  resume(list: readonly PauseEntry[]): void
  isPaused(topic: string, partition: number): boolean
  /** The paused ones among those assigned. */
  paused(assigned: readonly TopicPartitions[]): TopicPartitions[]
}

export interface PauseEntry {
  readonly topic: string
  readonly partitions?: readonly number[] | undefined
}

type Paused = { all: boolean; partitions: Set<number>; except: Set<number> }

export function createPauses(): Pauses {
  const topics = new Map<string, Paused>()

  const isPaused = (topic: string, partition: number) => {
    const entry = topics.get(topic)
    if (!entry) return false
    return entry.all ? !entry.except.has(partition) : entry.partitions.has(partition)
  }

  return {
    isPaused,

    pause(list) {
      for (const { topic, partitions } of list) {
        if (partitions === undefined) {
          topics.set(topic, { all: true, partitions: new Set(), except: new Set() })
          continue
        }
        const entry = topics.get(topic)
        const kept = entry && !entry.all ? entry.partitions : []
        topics.set(topic, { all: false, partitions: new Set([...kept, ...partitions]), except: new Set() })
      }
    },

    resume(list) {
      for (const { topic, partitions } of list) {
        const entry = topics.get(topic)
        if (!entry) continue
        if (partitions === undefined) topics.delete(topic)
        else if (entry.all) for (const partition of partitions) entry.except.add(partition)
        else for (const partition of partitions) entry.partitions.delete(partition)
      }
    },

    paused(assigned) {
      return assigned
        .map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.filter((partition) => isPaused(topic, partition)).sort((a, b) => a - b),
        }))
        .filter(({ partitions }) => partitions.length > 0)
    },
  }
}

/** Throws `KafkaJSNonRetriableError` in kafkajs's words. */
export function validatePauses(list: readonly PauseEntry[], verb: 'pause' | 'resume'): void {
  for (const entry of list) {
    if (!entry?.topic || typeof entry.topic !== 'string') {
      throw new KafkaJSNonRetriableError(`Invalid topic ${String(entry?.topic || entry)}`)
    }
    const { partitions } = entry
    if (partitions !== undefined && (!Array.isArray(partitions) || partitions.some((p) => Number.isNaN(Number(p))))) {
      throw new KafkaJSNonRetriableError(
        `Array of valid partitions required to ${verb} specific partitions instead of ${String(partitions)}`,
      )
    }
  }
}

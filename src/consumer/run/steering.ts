import { partitionsIn } from '../../group/partitions-in.js'
import type { Assignment, TopicPartitions } from '../../types/index.js'
import { createPauses, type PauseEntry, type Pauses } from '../pauses.js'
import { createSeeks, type Seeks } from '../seeks.js'
import type { Workers } from './workers.js'

/** The program's hand on the partitions of a run: those it pauses, and the offsets it sends them to. */
export interface Steering {
  readonly pauses: Pauses
  readonly seeks: Seeks
  /** The assignment the group has given this member has settled. */
  joined(assignment: Assignment): void
  /** There is none until the member has joined again. */
  rebalancing(): void
  /** Of no consequence for a partition that this member was not given. */
  seek(topic: string, partition: number, offset: number): void
  pause(list: readonly PauseEntry[]): void
  resume(list: readonly PauseEntry[]): void
  /** The paused ones among the partitions being read. */
  paused(): TopicPartitions[]
}

/** @param workers - undefined until the run is connected */
export function createSteering(workers: () => Pick<Workers, 'wake' | 'assigned'> | undefined): Steering {
  const pauses = createPauses()
  const seeks = createSeeks()
  let assignment: Assignment | undefined

  const isAssigned = (topic: string, partition: number) => partitionsIn(assignment, topic).includes(partition)
  const wake = (list: readonly PauseEntry[]) => workers()?.wake(list)

  return {
    pauses,
    seeks,

    joined(given) {
      assignment = given
      // As in kafkajs: a seek of a partition that this member was not given is of no consequence, then or later.
      seeks.keep(isAssigned)
    },

    rebalancing() {
      assignment = undefined
    },

    seek(topic, partition, offset) {
      if (assignment && !isAssigned(topic, partition)) return
      seeks.set(topic, partition, offset)
      wake([{ topic, partitions: [partition] }])
    },

    pause(list) {
      pauses.pause(list)
      wake(list)
    },

    resume(list) {
      pauses.resume(list)
      wake(list)
    },

    paused: () => pauses.paused(workers()?.assigned() ?? []),
  }
}

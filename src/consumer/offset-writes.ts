import type { CommittedOffsets } from '../offsets/committed-offsets.js'
import type { TopicPartitionOffset } from '../types/index.js'
import { createPlaces } from '../util/concurrency.js'
import type { PartitionOffsets } from './partition-offsets.js'

/** The writes of offsets to the store. A partition's follow one another, none overtakes; those of all share some places. */
export interface OffsetWrites {
  /** Writes what is resolved. False: that is committed, or no longer this member's to commit. */
  resolved(one: PartitionOffsets): Promise<boolean>
  /** Writes again what was committed last. */
  again(one: PartitionOffsets): Promise<void>
  /** Writes exactly this, also of a partition that is not read here: `one` is undefined then. */
  exactly(offset: TopicPartitionOffset, one: PartitionOffsets | undefined): Promise<void>
}

export interface OffsetWritesOptions {
  readonly committed: CommittedOffsets
  /** True while the partition's offsets are this member's to commit, asked right before each write. */
  readonly mayCommit: (topic: string, partition: number) => Promise<boolean>
}

export function createOffsetWrites({ committed, mayCommit }: OffsetWritesOptions): OffsetWrites {
  /** Of all partitions together: each write is a request to the store. */
  const places = createPlaces()

  const inTurn = <T>(one: PartitionOffsets, write: (one: PartitionOffsets) => Promise<T>) =>
    one.inTurn(() => places.run(() => write(one)))

  const writeResolved = async (one: PartitionOffsets): Promise<boolean> => {
    const { topic, partition, resolved, amqpOffset } = one
    if (!one.isDirty || !(await mayCommit(topic, partition))) return false
    one.hasFailed = true
    await committed.commit([{ topic, partition, offset: String(resolved), amqpOffset }])
    one.hasFailed = false
    one.committed = resolved
    return true
  }

  const writeAgain = async (one: PartitionOffsets) => {
    const { topic, partition } = one
    if (!(await mayCommit(topic, partition)) || one.committed < 0) return
    const amqpOffset = one.knownOffset(one.committed - 1)
    await committed.commit([{ topic, partition, offset: String(one.committed), amqpOffset }])
  }

  return {
    resolved: (one) => inTurn(one, writeResolved),
    again: (one) => inTurn(one, writeAgain),

    exactly({ topic, partition, offset }, one) {
      const write = async () => {
        const amqpOffset = one?.knownOffset(Number(offset) - 1)
        await committed.commit([{ topic, partition, offset, amqpOffset }])
        if (one) one.committed = Number(offset)
      }
      return one ? inTurn(one, write) : places.run(write)
    },
  }
}

import type { Admin } from '../exports.js'
import { CommandError } from './errors.js'

/** Position to move committed offsets to. */
export type ResetTarget =
  | { readonly to: 'earliest' | 'latest' }
  | { readonly to: 'offset'; readonly offset: bigint }
  | { readonly to: 'time'; readonly timestamp: number }

/** The change a reset makes to one partition. */
export interface OffsetChange {
  readonly topic: string
  readonly partition: number
  /** Null: nothing was committed. */
  readonly from: string | null
  readonly to: string
}

/** The partitions a reset is of, and its target. */
export interface Reset {
  readonly groupId: string
  readonly topics: readonly string[]
  /** Undefined: all. */
  readonly partitions: readonly number[] | undefined
  readonly target: ResetTarget
}

/**
 * The changes a reset would make. Offsets outside of what a partition holds are moved to its nearer end, as Kafka's
 * tool does.
 */
export async function planReset(admin: Admin, { groupId, topics, partitions, target }: Reset): Promise<OffsetChange[]> {
  const changes: OffsetChange[] = []
  for (const topic of topics) {
    const ends = await admin.fetchTopicOffsets(topic)
    const unknown = partitions?.find((wanted) => !ends.some(({ partition }) => partition === wanted))
    if (unknown !== undefined) {
      throw new CommandError(`${topic} has no partition ${unknown}: they are 0 to ${ends.length - 1}`)
    }
    const byTime = target.to === 'time' ? await admin.fetchTopicOffsetsByTimestamp(topic, target.timestamp) : []
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
    for (const { partition, low, high } of ends.sort((a, b) => a.partition - b.partition)) {
      if (partitions && !partitions.includes(partition)) continue
      const from = committed?.partitions.find((entry) => entry.partition === partition)?.offset ?? '-1'
      const atTime = byTime.find((entry) => entry.partition === partition)?.offset
      const to = String(clamp(offsetOf(target, { low, high, atTime }), BigInt(low), BigInt(high)))
      changes.push({ topic, partition, from: from === '-1' ? null : from, to })
    }
  }
  return changes
}

function offsetOf(
  target: ResetTarget,
  { low, high, atTime = high }: { low: string; high: string; atTime: string | undefined },
): bigint {
  switch (target.to) {
    case 'earliest':
      return BigInt(low)
    case 'latest':
      return BigInt(high)
    case 'offset':
      return target.offset
    case 'time':
      return BigInt(atTime)
  }
}

function clamp(offset: bigint, low: bigint, high: bigint): bigint {
  if (offset < low) return low
  return offset > high ? high : offset
}

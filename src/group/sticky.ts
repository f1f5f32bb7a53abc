import type { Assignment, PartitionAssigner } from '../types/index.js'
import { AssignerProtocol } from './assigner-protocol.js'
import { partitionsIn } from './partitions-in.js'

/** The name the group knows the sticky assigner by. */
export const STICKY = 'StickyAssigner'

interface Share {
  readonly memberId: string
  /** Had before, still there, and claimed by nobody else. */
  readonly had: string[]
  readonly keeps: string[]
}

/**
 * Leaves partitions with the members that have them, as far as all get the same number, or one less: the fewest move. What
 * a member has had is in the user data of its metadata, as an assignment in Kafka's format; the group puts it there.
 */
export const sticky: PartitionAssigner = ({ cluster }) => {
  const version = 0
  const userData = Buffer.alloc(0)
  return {
    name: STICKY,
    version,

    async assign({ members, topics }) {
      const partitions = new Map<string, { topic: string; partition: number }>()
      for (const topic of topics) {
        for (const { partitionId: partition } of cluster.findTopicPartitionMetadata(topic)) {
          partitions.set(`${topic}/${partition}`, { topic, partition })
        }
      }
      const had = members.map(({ memberId, memberMetadata }) => ({ memberId, assignment: formerOf(memberMetadata) }))
      const shares = share([...partitions.keys()], had)
      return shares.map(({ memberId, keeps }) => {
        const assignment: Assignment = {}
        for (const key of keeps) {
          const { topic, partition } = partitions.get(key) ?? { topic: '', partition: 0 }
          assignment[topic] = [...partitionsIn(assignment, topic), partition].sort((a, b) => a - b)
        }
        return {
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({ version, assignment, userData }),
        }
      })
    },

    protocol: ({ topics }) => ({
      name: STICKY,
      metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }),
    }),
  }
}

/** The partitions a member had before, by its metadata; nothing where that does not tell. */
function formerOf(metadata: Buffer): Assignment {
  try {
    const { userData } = AssignerProtocol.MemberMetadata.decode(metadata) ?? {}
    return (userData && AssignerProtocol.MemberAssignment.decode(userData)?.assignment) ?? {}
  } catch {
    return {}
  }
}

function share(keys: readonly string[], members: readonly { memberId: string; assignment: Assignment }[]): Share[] {
  const unclaimed = new Set(keys)
  const shares: Share[] = [...members]
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
    .map(({ memberId, assignment }) => {
      const claimed = Object.entries(assignment).flatMap(([topic, list]) => list.map((one) => `${topic}/${one}`))
      return { memberId, had: claimed.filter((key) => unclaimed.delete(key)), keeps: [] }
    })
  if (shares.length === 0) return shares
  const least = Math.floor(keys.length / shares.length)
  // One more for those who would have to give most away otherwise.
  const byHad = [...shares].sort((a, b) => b.had.length - a.had.length)
  for (const [rank, one] of byHad.entries()) {
    const quota = least + (rank < keys.length % shares.length ? 1 : 0)
    one.keeps.push(...one.had.slice(0, quota))
  }
  const kept = new Set(shares.flatMap(({ keeps }) => keeps))
  const free = keys.filter((key) => !kept.has(key))
  // Filled up from below: the sizes come to differ by one at most, as nobody has kept more than that allows.
  for (const key of free) {
    const poorest = shares.reduce((least, one) => (one.keeps.length < least.keeps.length ? one : least))
    poorest.keeps.push(key)
  }
  return shares
}

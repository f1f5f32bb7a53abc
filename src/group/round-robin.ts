import type { Assignment, PartitionAssigner } from '../types/index.js'
import { AssignerProtocol } from './assigner-protocol.js'

/**
 * Deals all partitions of all topics out in turn, to members in the order of their ids. A member that gets none has no
 * entry.
 */
export const roundRobin: PartitionAssigner = ({ cluster }) => {
  const name = 'RoundRobinAssigner'
  const version = 0
  return {
    name,
    version,
    async assign({ members, topics }) {
      const memberIds = members.map(({ memberId }) => memberId).sort()
      const assignments = new Map<string, Map<string, number[]>>()
      const partitions = topics.flatMap((topic) =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ topic, partitionId })),
      )
      for (const [index, { topic, partitionId }] of partitions.entries()) {
        const memberId = memberIds[index % memberIds.length]
        if (memberId === undefined) break
        const byTopic = assignments.get(memberId) ?? new Map<string, number[]>()
        assignments.set(memberId, byTopic)
        const dealt = byTopic.get(topic)
        if (dealt) dealt.push(partitionId)
        else byTopic.set(topic, [partitionId])
      }
      return [...assignments].map(([memberId, byTopic]) => {
        const assignment: Assignment = Object.fromEntries(byTopic)
        return {
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version,
            assignment,
            userData: Buffer.alloc(0),
          }),
        }
      })
    },
    protocol: ({ topics }) => ({
      name,
      metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }),
    }),
  }
}

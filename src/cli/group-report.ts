import type { Admin } from '../exports.js'

/** A member of a group, with what it reads. */
export interface MemberReport {
  readonly id: string
  readonly clientId: string
  readonly host: string
  readonly partitions: Readonly<Record<string, readonly number[]>>
}

/** A group's position in one partition. */
export interface PartitionReport {
  readonly topic: string
  readonly partition: number
  /** Null: none yet. */
  readonly committed: string | null
  readonly end: string
  /** Without a committed offset: all there is. */
  readonly lag: string
  /** Client id of who reads it. */
  readonly member: string | null
}

/** A group with its members, how far it is, and the sum of its lag. */
export interface GroupReport {
  readonly group: string
  readonly state: string
  readonly members: readonly MemberReport[]
  readonly partitions: readonly PartitionReport[]
  readonly lag: string
}

/** Looks at a group. Without `topics`: those it has offsets of or its members read. */
export async function describeGroup(admin: Admin, groupId: string, topics?: readonly string[]): Promise<GroupReport> {
  const { AssignerProtocol } = await import('../exports.js')
  const { groups } = await admin.describeGroups([groupId])
  const description = groups[0]
  const members = (description?.members ?? []).map(({ memberId, clientId, clientHost, memberAssignment }) => ({
    id: memberId,
    clientId,
    host: clientHost,
    partitions: AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
  }))
  const names = topics ?? (await topicsOf(admin, groupId, members))
  const partitions: PartitionReport[] = []
  for (const topic of names) partitions.push(...(await describePartitions(admin, groupId, topic, members)))
  const lag = partitions.reduce((sum, partition) => sum + BigInt(partition.lag), 0n)
  return { group: groupId, state: description?.state ?? 'Unknown', members, partitions, lag: String(lag) }
}

async function topicsOf(admin: Admin, groupId: string, members: readonly MemberReport[]): Promise<string[]> {
  const committed = (await admin.fetchOffsets({ groupId })).map(({ topic }) => topic)
  const read = members.flatMap(({ partitions }) => Object.keys(partitions))
  // Stores may know a topic in other capitals.
  const byName = new Map([...committed, ...read].map((topic) => [topic.toLowerCase(), topic]))
  return [...byName.values()].sort()
}

async function describePartitions(
  admin: Admin,
  groupId: string,
  topic: string,
  members: readonly MemberReport[],
): Promise<PartitionReport[]> {
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, offset]))
  const ends = await admin.fetchTopicOffsets(topic)
  return ends
    .sort((a, b) => a.partition - b.partition)
    .map(({ partition, low, high }) => {
      const offset = offsets.get(partition) ?? '-1'
      const position = positionOf(BigInt(offset), BigInt(low), BigInt(high))
      const lag = BigInt(high) - position
      const reader = members.find((member) => member.partitions[topic]?.includes(partition))
      return {
        topic,
        partition,
        committed: offset === '-1' ? null : offset,
        end: high,
        lag: String(lag > 0n ? lag : 0n),
        member: reader?.clientId ?? null,
      }
    })
}

/** The position where reading goes on: what retention has taken is no lag. */
function positionOf(offset: bigint, low: bigint, high: bigint): bigint {
  if (offset < low) return low
  return offset > high ? high : offset
}

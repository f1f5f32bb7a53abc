import { KafkaJSNonRetriableError } from '../errors.js'
import type { Assigner, Assignment } from '../types.js'
import { AssignerProtocol } from './assigner-protocol.js'
import type { MemberRecord } from './member-record.js'

/** The assigner that a group runs, and what it gives to whom. */
export interface GroupAssignment {
  readonly protocol: string
  /** Member id → topic → partitions, sorted as numbers. */
  readonly members: ReadonlyMap<string, Assignment>
}

/**
 * Runs the group's assigner. Every member computes this from the same members and partitions and so comes to the same
 * result; there is no leader whose answer the others wait for. An assigner whose result depends on anything else (chance,
 * the time) leaves partitions unread.
 *
 * @param members - in the order of their slots; the first one's preference decides between assigners all can run
 * @param topics - every topic that some member subscribes to, sorted
 */
export async function assign(
  assigners: readonly Assigner[],
  members: readonly MemberRecord[],
  topics: readonly string[],
): Promise<GroupAssignment> {
  const protocol = chooseProtocol(members)
  const assigner = assigners.find(({ name }) => name === protocol)
  if (!protocol || !assigner) {
    const known = members.map((m) => `${m.clientId}: ${m.protocols.map(({ name }) => name).join(', ')}`)
    throw new KafkaJSNonRetriableError(
      `The members of the group have no partition assigner in common (${known.join('; ')}): give every member the same partitionAssigners`,
    )
  }
  const answers = await assigner.assign({
    members: members
      .map((member) => ({
        memberId: member.memberId,
        memberMetadata: Buffer.from(member.protocols.find(({ name }) => name === protocol)?.metadata ?? '', 'base64'),
      }))
      .sort((a, b) => (a.memberId < b.memberId ? -1 : 1)),
    topics: [...topics],
  })
  const result = new Map<string, Assignment>()
  for (const { memberId, memberAssignment } of answers) {
    const assignment = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}
    result.set(
      memberId,
      Object.fromEntries(
        Object.entries(assignment).map(([topic, partitions]) => [topic, [...partitions].sort((a, b) => a - b)]),
      ),
    )
  }
  return { protocol, members: result }
}

function chooseProtocol(members: readonly MemberRecord[]): string | undefined {
  const [first, ...others] = members
  return first?.protocols.find(({ name }) => others.every((member) => member.protocols.some((p) => p.name === name)))
    ?.name
}

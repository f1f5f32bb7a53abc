import { KafkaJSNonRetriableError } from '../errors/index.js'
import { topicKey } from '../translate/names.js'
import type { Assigner, Assignment } from '../types/index.js'
import { AssignerProtocol } from './assigner-protocol.js'
import type { MemberRecord } from './member-record.js'
import { groupSpelling } from './topic-spelling.js'

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
  const protocol = commonProtocol(members)
  const assigner = assigners.find(({ name }) => name === protocol)
  if (!assigner) throw new KafkaJSNonRetriableError(`The group runs a partition assigner unknown here: ${protocol}`)
  const result = new Map<string, Assignment>()
  for (const { subscribers, topics: theirs } of bySubscribers(members, topics)) {
    const answers = await assigner.assign({
      members: subscribers.map((member) => ({
        memberId: member.memberId,
        memberMetadata: Buffer.from(member.protocols.find(({ name }) => name === protocol)?.metadata ?? '', 'base64'),
      })),
      topics: theirs,
    })
    for (const { memberId, memberAssignment } of answers) {
      const given = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}
      result.set(memberId, merge(result.get(memberId) ?? {}, given))
    }
  }
  return { protocol, members: result }
}

/**
 * Topics with the same subscribers are assigned together, among these. Where all members subscribe to the same, which is
 * all that kafkajs's assigners are made for, that is one call; where they don't, as while a new version of a program is
 * rolled out, no partition is given to a member that would not read it.
 */
function bySubscribers(members: readonly MemberRecord[], topics: readonly string[]) {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const sets = new Map<string, { subscribers: MemberRecord[]; topics: string[] }>()
  for (const topic of topics) {
    const key = topicKey(topic)
    const subscribers = sorted.filter((member) => Object.keys(member.topics).some((own) => topicKey(own) === key))
    const ids = JSON.stringify(subscribers.map(({ memberId }) => memberId))
    const set = sets.get(ids)
    if (set) set.topics.push(topic)
    else sets.set(ids, { subscribers, topics: [topic] })
  }
  return sets.values()
}

function merge(before: Assignment, given: Assignment): Assignment {
  const merged = { ...before }
  for (const [topic, partitions] of Object.entries(given)) {
    merged[topic] = [...new Set([...(merged[topic] ?? []), ...partitions])].sort((a, b) => a - b)
  }
  return merged
}

/** Throws `KafkaJSNonRetriableError` when there is none. */
export function commonProtocol(members: readonly MemberRecord[]): string {
  const protocol = chooseProtocol(members)
  if (protocol) return protocol
  const known = members.map((m) => `${m.clientId}: ${m.protocols.map(({ name }) => name).join(', ')}`)
  throw new KafkaJSNonRetriableError(
    `The members of the group have no partition assigner in common (${known.join('; ')}): give every member the same partitionAssigners`,
  )
}

/** The first of the first member's that all have. */
export function chooseProtocol(members: readonly MemberRecord[]): string | undefined {
  const [first, ...others] = members
  return first?.protocols.find(({ name }) => others.every((member) => member.protocols.some((p) => p.name === name)))
    ?.name
}

/**
 * How many partitions there are to share: the most that any member knows of, so that all see a new partition at the
 * same time; none of a topic that this member has found gone. Topics as the group spells them.
 */
export function partitionsOf(
  members: readonly MemberRecord[],
  own: Readonly<Record<string, number>>,
): Map<string, number> {
  const spelling = groupSpelling([...members, { topics: own }])
  const counts = new Map(spelling.topics.map((topic) => [topic, 0]))
  for (const member of members) {
    for (const [given, count] of Object.entries(member.topics)) {
      const topic = spelling.of(given) ?? given
      counts.set(topic, Math.max(count, counts.get(topic) ?? 0))
    }
  }
  for (const [given, count] of Object.entries(own)) if (count === 0) counts.set(spelling.of(given) ?? given, 0)
  return counts
}

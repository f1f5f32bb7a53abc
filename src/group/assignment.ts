import { KafkaJSError, KafkaJSNonRetriableError } from '../errors/index.js'
import { topicKey } from '../translate/names.js'
import type { Assigner, Assignment, GroupMemberAssignment } from '../types/index.js'
import { withDeadline } from '../util/deadline.js'
import { AssignerProtocol } from './assigner-protocol.js'
import type { AssignmentNotes, MemberRecord } from './member-record.js'
import { partitionsIn } from './partitions-in.js'
import { groupSpelling, ownSpelling, type TopicSpelling } from './topic-spelling.js'

/** The assigner that a group runs, and what it gives to whom. */
export interface GroupAssignment {
  readonly protocol: string
  /** Member id → topic → partitions, sorted as numbers. */
  readonly members: ReadonlyMap<string, Assignment>
  /** Member id → what else the assigner has said to it. */
  readonly notes: ReadonlyMap<string, AssignmentNotes>
}

/** Runs the group's assigner. */
export interface Assigning {
  /**
   * The assigner runs when members, subscriptions or partitions have changed, not at every look.
   *
   * Every member computes this from the same members and partitions and so comes to the same result; there is no leader
   * whose answer the others wait for. An assigner whose result depends on anything else (chance, the time) leaves
   * partitions unread.
   *
   * @param members - in the order of their slots; the first one's preference decides between assigners all can run
   * @param former - what members had before: put into the user data of their metadata
   * @param partitions - every topic that some member subscribes to, with what is to be handed out of it
   */
  assign(
    members: readonly MemberRecord[],
    partitions: ReadonlyMap<string, readonly number[]>,
    former?: ReadonlyMap<string, Assignment>,
  ): Promise<GroupAssignment>
}

export interface AssigningOptions {
  readonly assigners: readonly Assigner[]
  /** The longest time an assigner may take, ms: leases are not renewed meanwhile. */
  readonly timeout: number
  /** Told before the assigner runs. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
}

export function createAssigning({ assigners, timeout, setAssignable }: AssigningOptions): Assigning {
  let last: { readonly of: string; readonly result: GroupAssignment } | undefined
  return {
    async assign(members, partitions, former) {
      const of = JSON.stringify([
        members.map(({ memberId, topics, protocols }) => [memberId, Object.keys(topics), protocols]),
        [...partitions],
        former && [...former],
      ])
      if (last?.of === of) return last.result
      setAssignable(partitions)
      const names = assigners.map(({ name }) => name).join(', ')
      const createError = () =>
        new KafkaJSError(`The partition assigner did not answer within ${timeout} ms (${names})`)
      const result = await withDeadline(
        () => runAssigner(assigners, members, [...partitions.keys()].sort(byKey), former),
        { ms: timeout, createError },
      )
      last = { of, result }
      return result
    },
  }
}

/** Members that spell topics differently must come to the same order. */
const byKey = (a: string, b: string) => (topicKey(a) < topicKey(b) ? -1 : 1)

async function runAssigner(
  assigners: readonly Assigner[],
  members: readonly MemberRecord[],
  topics: readonly string[],
  former: ReadonlyMap<string, Assignment> | undefined,
): Promise<GroupAssignment> {
  const protocol = commonProtocol(members)
  const assigner = assigners.find(({ name }) => name === protocol)
  if (!assigner) throw new KafkaJSNonRetriableError(`The group runs a partition assigner unknown here: ${protocol}`)
  const result = new Map<string, Assignment>()
  const notes = new Map<string, AssignmentNotes>()
  const spelling = ownSpelling(topics)
  for (const { subscribers, topics: theirs } of bySubscribers(members, topics)) {
    const answers = await assigner.assign({
      members: subscribers.map((member) => ({
        memberId: member.memberId,
        memberMetadata: prepare(metadataOf(member, protocol), spelling, former?.get(member.memberId)),
      })),
      topics: theirs,
    })
    for (const { memberId, memberAssignment } of toAnswers(assigner, answers)) {
      const { assignment = {}, version = 0, userData } = decodeAnswer(assigner, memberAssignment) ?? {}
      result.set(memberId, merge(result.get(memberId) ?? {}, assignment))
      notes.set(memberId, { version, userData: userData?.toString('base64') ?? '' })
    }
  }
  return { protocol, members: result, notes }
}

/** An assigner may be anyone's. */
function toAnswers({ name }: Assigner, answers: GroupMemberAssignment[]): GroupMemberAssignment[] {
  if (Array.isArray(answers) && answers.every((answer) => typeof answer?.memberId === 'string')) return answers
  throw new KafkaJSNonRetriableError(
    `The partition assigner ${name} must answer with a list of { memberId, memberAssignment }`,
  )
}

function decodeAnswer({ name }: Assigner, memberAssignment: Buffer) {
  try {
    return AssignerProtocol.MemberAssignment.decode(memberAssignment)
  } catch (error) {
    throw new KafkaJSNonRetriableError(
      `The partition assigner ${name} gave a memberAssignment that is none: use AssignerProtocol.MemberAssignment.encode`,
      { cause: error },
    )
  }
}

const nothing = { version: undefined, topics: [], userData: Buffer.alloc(0) }

const metadataOf = (member: MemberRecord, protocol: string) =>
  Buffer.from(member.protocols.find(({ name }) => name === protocol)?.metadata ?? '', 'base64')

/**
 * A member's metadata with topics as the group spells them, and what it had before. What is not in Kafka's format is left
 * as it is.
 */
function prepare(metadata: Buffer, spelling: TopicSpelling, former: Assignment | undefined): Buffer {
  try {
    const { version, topics, userData } = AssignerProtocol.MemberMetadata.decode(metadata) ?? nothing
    const respelled = topics.map((topic) => spelling.of(topic) ?? topic)
    if (version === undefined || (!former && respelled.every((topic, i) => topic === topics[i]))) return metadata
    return AssignerProtocol.MemberMetadata.encode({
      version,
      topics: respelled,
      userData: former ? toUserData(former, spelling) : userData,
    })
  } catch {
    return metadata
  }
}

function toUserData(former: Assignment, spelling: TopicSpelling): Buffer {
  const assignment = Object.fromEntries(
    Object.entries(former).map(([topic, partitions]) => [spelling.of(topic) ?? topic, partitions]),
  )
  return AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) })
}

/**
 * Topics with the same subscribers are assigned together, among these. Where all members subscribe to the same, which is
 * all that kafkajs's assigners are made for, that is one call; where they don't, as while a new version of a program is
 * rolled out, no partition is given to a member that would not read it.
 */
function bySubscribers(members: readonly MemberRecord[], topics: readonly string[]) {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const subscribed = new Map(sorted.map((member) => [member, new Set(Object.keys(member.topics).map(topicKey))]))
  const sets = new Map<string, { subscribers: MemberRecord[]; topics: string[] }>()
  for (const topic of topics) {
    const subscribers = sorted.filter((member) => subscribed.get(member)?.has(topicKey(topic)))
    const key = JSON.stringify(subscribers.map(({ memberId }) => memberId))
    const set = sets.get(key)
    if (set) set.topics.push(topic)
    else sets.set(key, { subscribers, topics: [topic] })
  }
  return sets.values()
}

function merge(before: Assignment, given: Assignment): Assignment {
  const merged = { ...before }
  for (const [topic, partitions] of Object.entries(given)) {
    merged[topic] = [...new Set([...partitionsIn(merged, topic), ...partitions])].sort((a, b) => a - b)
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
 * The number of partitions to share: the most that any member knows of, so that all see a new partition at the
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

import type { Assigner, Assignment } from '../types/index.js'
import { type Assigning, chooseProtocol, createAssigning, partitionsOf } from './assignment.js'
import type { TopicPartition } from './leases.js'
import type { AssignmentNotes, MemberRecord } from './member-record.js'
import type { OwnershipSnapshot } from './ownership-view.js'
import { basisOf } from './plan.js'
import type { Slot } from './roster.js'
import type { Counts, Session } from './session.js'
import { STICKY } from './sticky.js'
import { ownSpelling } from './topic-spelling.js'

/** The outcome of one look at the group: who is there, who reads what, and what is this member's to read. */
export interface Look {
  readonly slots: readonly Slot[]
  readonly members: readonly MemberRecord[]
  readonly ownership: OwnershipSnapshot
  readonly protocol: string
  /** This member's share, as the assigner gave it, in the spelling that the member subscribed with. */
  readonly assignment: Assignment
  /** The notes the assigner has for this member beside the partitions. */
  readonly notes: AssignmentNotes | undefined
  /** The partitions of it that the member has subscribed to. */
  readonly wanted: readonly TopicPartition[]
}

export interface LookOptions {
  readonly assigners: readonly Assigner[]
  /** Subscribed to. */
  readonly topics: readonly string[]
  /** ms */
  readonly sessionTimeout: number
  /** Sets the partitions the assigners may hand out: told before they run. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
}

/** Looks at the group; undefined when this member is not in it any more. */
export type LookAt = (session: Session, counts: Counts) => Promise<Look | undefined>

export function createLook({ assigners, topics, sessionTimeout, setAssignable }: LookOptions): LookAt {
  const assigning: Assigning = createAssigning({ assigners, timeout: sessionTimeout / 2, setAssignable })
  const spelling = ownSpelling(topics)
  /** The topic as this member spells it: members of a group may differ in capitals. */
  const own = (topic: string) => spelling.of(topic) ?? topic

  /** The part of the assignment that this member is to read, in its own spelling. */
  const wantedOf = (assignment: Assignment, isReadable: (topic: string, partition: number) => boolean) =>
    Object.entries(assignment).flatMap(([topic, list]) =>
      spelling.of(topic) === undefined
        ? []
        : list.filter((partition) => isReadable(topic, partition)).map((partition) => ({ topic, partition })),
    )
  const inOwnSpelling = (given: Assignment = {}): Assignment =>
    Object.fromEntries(Object.entries(given).map(([topic, list]) => [own(topic), list]))

  /** Follows the plan of the group, or writes it; what only this member knows must not be part of it. */
  const byPlan = async (
    session: Session,
    counts: Counts,
    slots: Awaited<ReturnType<Session['members']>>,
  ): Promise<Look | undefined> => {
    const members = slots.map(({ record }) => record)
    const partitions = partitionsOf(members, {})
    const plan = session.plan()
    const basis = basisOf(members, partitions)
    let agreed = plan?.members
    if (plan?.basis !== basis) {
      const all = new Map([...partitions].map(([topic, count]) => [topic, [...Array(count).keys()]]))
      const next = await assigning.assign(members, all, agreed)
      agreed = next.members
      // Another member was faster: what it has written is followed.
      if (!(await session.propose({ basis, members: agreed }))) return lookAt(session, counts)
    }
    const ownership = await session.view.read([...partitions.keys()].map(own), members)
    const assignment = inOwnSpelling(agreed?.get(session.memberId))
    const wanted = wantedOf(assignment, (topic, p) => counts[topic] !== 0 && !ownership.isForeign(topic, p))
    return { slots, members, ownership, protocol: STICKY, assignment, notes: undefined, wanted }
  }

  const lookAt: LookAt = async (session, counts) => {
    const slots = await session.members()
    const members = slots.map(({ record }) => record)
    if (!members.some(({ memberId }) => memberId === session.memberId)) return undefined

    if (chooseProtocol(members) === STICKY) return byPlan(session, counts, slots)
    const partitions = partitionsOf(members, counts)
    const ownership = await session.view.read([...partitions.keys()].map(own), members)
    const assignable = new Map(
      [...partitions].map(([topic, count]) => [
        topic,
        Array.from({ length: count }, (_, partition) => partition).filter((p) => !ownership.isForeign(own(topic), p)),
      ]),
    )
    const { protocol, members: assignments, notes } = await assigning.assign(members, assignable)
    const assignment = inOwnSpelling(assignments.get(session.memberId))
    const wanted = wantedOf(assignment, () => true)
    return { slots, members, ownership, protocol, assignment, notes: notes.get(session.memberId), wanted }
  }
  return lookAt
}

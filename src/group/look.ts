import type { Assigner, Assignment } from '../types/index.js'
import { type Assigning, createAssigning, partitionsOf } from './assignment.js'
import type { TopicPartition } from './leases.js'
import type { AssignmentNotes, MemberRecord } from './member-record.js'
import type { OwnershipSnapshot } from './ownership-view.js'
import type { Slot } from './roster.js'
import type { Counts, Session } from './session.js'
import { ownSpelling } from './topic-spelling.js'

/** What one look at the group shows: who is there, who reads what, and what is this member's to read. */
export interface Look {
  readonly slots: readonly Slot[]
  readonly members: readonly MemberRecord[]
  readonly ownership: OwnershipSnapshot
  readonly protocol: string
  /** This member's share, as the assigner gave it, in the spelling that the member subscribed with. */
  readonly assignment: Assignment
  /** What the assigner has said to this member beside the partitions. */
  readonly notes: AssignmentNotes | undefined
  /** What of it the member has subscribed to. */
  readonly wanted: readonly TopicPartition[]
}

export interface LookOptions {
  readonly assigners: readonly Assigner[]
  /** Subscribed to. */
  readonly topics: readonly string[]
  /** Which partitions the assigners may hand out: told before they run. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
}

/** Looks at the group; undefined when this member is not in it any more. */
export type LookAt = (session: Session, counts: Counts) => Promise<Look | undefined>

export function createLook({ assigners, topics, setAssignable }: LookOptions): LookAt {
  const assigning: Assigning = createAssigning({ assigners, setAssignable })
  const spelling = ownSpelling(topics)
  /** As this member spells it: members of a group may differ in capitals. */
  const own = (topic: string) => spelling.of(topic) ?? topic

  return async (session, counts) => {
    const slots = await session.members()
    const members = slots.map(({ record }) => record)
    if (!members.some(({ memberId }) => memberId === session.memberId)) return undefined

    const partitions = partitionsOf(members, counts)
    const ownership = await session.view.read([...partitions.keys()].map(own), members)
    const assignable = new Map(
      [...partitions].map(([topic, count]) => [
        topic,
        Array.from({ length: count }, (_, partition) => partition).filter((p) => !ownership.isForeign(own(topic), p)),
      ]),
    )
    const { protocol, members: assignments, notes } = await assigning.assign(members, assignable)
    const given = assignments.get(session.memberId) ?? {}
    const assignment = Object.fromEntries(Object.entries(given).map(([topic, list]) => [own(topic), list]))
    const wanted = Object.entries(assignment).flatMap(([topic, list]) =>
      spelling.of(topic) === undefined ? [] : list.map((partition) => ({ topic, partition })),
    )
    return { slots, members, ownership, protocol, assignment, notes: notes.get(session.memberId), wanted }
  }
}

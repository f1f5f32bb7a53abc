import { hostname } from 'node:os'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { Assigner, Logger } from '../types/index.js'
import { type Clock, systemClock } from '../util/clock.js'
import { commonProtocol } from './assignment.js'
import { createLeases, type Leases, type TopicPartition } from './leases.js'
import { type AssignmentNotes, type MemberRecord, patienceWith, toOwnerId } from './member-record.js'
import { createOwnershipView, type OwnershipView } from './ownership-view.js'
import { decodePlan, encodePlan, type Plan } from './plan.js'
import { createRoster, type Slot } from './roster.js'
import { createSteadyStore } from './steady-store.js'

/** One stay in a group, under one member id: what the member says of itself, and what it holds. */
export interface Session {
  readonly memberId: string
  /** The member's name on leases. */
  readonly ownerId: string
  readonly leases: Leases
  readonly view: OwnershipView
  /** Partitions being given up, until their leases are. */
  readonly revoking: Map<string, Promise<void>>
  /** Takes a place among the members. */
  enter(counts: Counts): Promise<void>
  /** Brings what the others see up to date, when it has changed. */
  announce(changes: Partial<Announcement>): Promise<void>
  /** False when the others have given this member's place away. */
  signOfLife(): Promise<boolean>
  /** Every member, this one included; those silent for too long have been removed. */
  members(): Promise<(Slot & { readonly record: MemberRecord })[]>
  /** The plan of the group as `members` has seen it, for assigners that need what was before. */
  plan(): Plan | undefined
  /** Puts a plan in place of the one seen; false when another member was faster. */
  propose(plan: Plan): Promise<boolean>
  leave(): Promise<void>
}

/** The changing part of what a member says of itself. */
interface Announcement {
  readonly state: MemberRecord['state']
  readonly counts: Counts
  readonly assigned: AssignmentNotes | undefined
}

/** Topic → number of partitions. */
export type Counts = Readonly<Record<string, number>>

export interface SessionOptions {
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  readonly clientId: string
  /** ms */
  readonly sessionTimeout: number
  readonly assigners: readonly Assigner[]
  readonly topics: readonly string[]
  readonly logger: Logger
  readonly clock?: Clock
  /** Leases whose records had been removed from the store are written anew: what else it kept of them may be gone too. */
  readonly onRestored?: (partitions: readonly TopicPartition[]) => void
}

type Member = Slot & { readonly record: MemberRecord }

export function createSession(options: SessionOptions): Session {
  const {
    namespace,
    groupId,
    clientId,
    sessionTimeout,
    assigners,
    topics,
    logger,
    clock = systemClock,
    onRestored,
  } = options
  const store = createSteadyStore(options.store)
  const memberId = `${clientId}-${crypto.randomUUID()}`
  const ownerId = toOwnerId(memberId)
  const roster = createRoster({ store, namespace, groupId, sessionTimeout, logger, clock })
  let said: Announcement = { state: 'joining', counts: {}, assigned: undefined }

  const record = (): MemberRecord => ({
    memberId,
    clientId,
    clientHost: hostname(),
    sessionTimeout,
    topics: said.counts,
    protocols: assigners.map((assigner) => {
      const { name, metadata } = assigner.protocol({ topics: [...topics] })
      return { name, metadata: metadata.toString('base64') }
    }),
    state: said.state,
    ...(said.assigned && isWorthSaying(said.assigned) && { assigned: said.assigned }),
  })

  return {
    memberId,
    ownerId,
    leases: createLeases({ store, namespace, groupId, ownerId, duration: sessionTimeout, clock, onRestored }),
    view: createOwnershipView({ store, namespace, groupId, sessionTimeout, clock }),
    revoking: new Map(),

    async enter(known) {
      said = { ...said, counts: known }
      // A member that does not fit in is refused, as by Kafka, before the others see it.
      const others = (await this.members()).filter((slot) => slot.record.memberId !== memberId)
      commonProtocol([...others.map((slot) => slot.record), record()])
      await roster.join(record())
    },

    async announce(changes) {
      const next = { ...said, ...changes }
      if (JSON.stringify(next) === JSON.stringify(said)) return
      const before = said
      said = next
      try {
        await roster.renew(record())
      } catch (error) {
        // Said again by the next look: the others have not heard it.
        said = before
        throw error
      }
    },

    signOfLife: () => roster.renew(record()),

    async members() {
      const taken = (await roster.list()).filter((slot): slot is Member => slot.record !== undefined)
      const isSilent = (slot: Member) =>
        slot.record.memberId !== memberId && slot.idleFor >= patienceWith(slot.record, sessionTimeout)
      for (const slot of taken.filter(isSilent)) {
        logger.info('Removing a member that has gone silent', { groupId, silentMember: slot.record.memberId })
        await roster.evict(slot)
      }
      return taken.filter((slot) => !isSilent(slot))
    },

    plan: () => decodePlan(roster.plan()),
    propose: (plan) => roster.propose(encodePlan(plan)),

    leave: roster.leave,
  }
}

/** True for notes that say more than kafkajs's own assigner does, which is what a record without notes means. */
const isWorthSaying = ({ version, userData }: AssignmentNotes) => version !== 0 || userData !== ''

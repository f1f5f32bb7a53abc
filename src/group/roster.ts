import { lastWrite } from '../retry/last-write.js'
import { parsePartition } from '../translate/names.js'
import type { CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'
import type { Logger } from '../types/index.js'
import { type Clock, systemClock } from '../util/clock.js'
import { decodeMemberRecord, encodeMemberRecord, MEMBERS, type MemberRecord } from './member-record.js'
import { createRecordWatch } from './record-watch.js'

/** One place in the group: taken by a member, or free. */
export interface Slot {
  readonly ownership: PartitionOwnership
  /** Undefined: free, or written by something else. */
  readonly record: MemberRecord | undefined
  /** The time its member has given no sign of life, ms, as far as this process has watched. */
  readonly idleFor: number
}

/** The members of a group: slots 0, 1, 2 … in the store, one a member. */
export interface Roster {
  list(): Promise<Slot[]>
  /** Takes a free slot, or makes one. */
  join(record: MemberRecord): Promise<void>
  /** Writes the own record again, which is the sign of life; false when the slot has been taken away. */
  renew(record: MemberRecord): Promise<boolean>
  /** Frees a silent member's slot, so that every other member sees it gone, and it itself too. */
  evict(slot: Slot): Promise<void>
  /** The plan of the group as it was last listed; empty where there is none. */
  plan(): string
  /** Writes a plan in place of the one last listed; false when another was faster. */
  propose(plan: string): Promise<boolean>
  leave(): Promise<void>
}

export interface RosterOptions {
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  /** ms */
  readonly sessionTimeout: number
  readonly logger: Logger
  readonly clock?: Clock
}

const JOIN_ATTEMPTS = 50

/** Stands among the slots, so that it is listed with them, at no cost. */
const PLAN = 'plan'

export function createRoster(options: RosterOptions): Roster {
  const { store, namespace, groupId, sessionTimeout, logger, clock = systemClock } = options
  const watch = createRecordWatch(sessionTimeout / 2, clock.now)
  let own: PartitionOwnership | undefined
  let plan: PartitionOwnership | undefined

  /** Slot → what was last read there: most records are the same at most looks. */
  const decoded = new Map<string, { readonly text: string; readonly record: MemberRecord | undefined }>()
  const decode = ({ partitionId, ownerId }: PartitionOwnership) => {
    const known = decoded.get(partitionId)
    if (known?.text === ownerId) return known.record
    const record = decodeMemberRecord(ownerId)
    if (!record && ownerId !== '') {
      logger.warn(`Slot ${partitionId} of the group holds no member's record, and is passed over`, { groupId })
    }
    decoded.set(partitionId, { text: ownerId, record })
    return record
  }

  const read = async (): Promise<Slot[]> => {
    const slots = await store.listOwnership(namespace, MEMBERS, groupId)
    plan = slots.find(({ partitionId }) => partitionId === PLAN)
    return slots
      .filter(({ partitionId }) => parsePartition(partitionId) !== undefined)
      .map((ownership) => ({
        ownership,
        record: decode(ownership),
        idleFor: watch.idleFor(ownership.partitionId, ownership.etag),
      }))
      .sort((a, b) => Number(a.ownership.partitionId) - Number(b.ownership.partitionId))
  }

  const write = async (slot: PartitionOwnership, ownerId: string): Promise<PartitionOwnership | undefined> => {
    const [claimed] = await store.claimOwnership([{ ...slot, ownerId }])
    return claimed
  }

  return {
    list: read,

    async join(record) {
      const ownerId = encodeMemberRecord(record)
      for (let attempt = 0; attempt < JOIN_ATTEMPTS; attempt++) {
        const slots = await read()
        // A store without a conditional first write can let two members take a new slot: look who is in it.
        const mine = slots.find((slot) => slot.record?.memberId === record.memberId)
        if (mine) {
          own = mine.ownership
          return
        }
        const free = slots.find((slot) => slot.ownership.ownerId === '')
        const next = slots.reduce((highest, slot) => Math.max(highest, Number(slot.ownership.partitionId)), -1) + 1
        own = await write(
          free?.ownership ?? {
            fullyQualifiedNamespace: namespace,
            eventHubName: MEMBERS,
            consumerGroup: groupId,
            partitionId: String(next),
            ownerId,
          },
          ownerId,
        )
      }
      throw new Error(`Could not get a slot in group ${groupId} in ${JOIN_ATTEMPTS} attempts`)
    },

    async renew(record) {
      if (!own) return false
      const ownerId = encodeMemberRecord(record)
      const renewed = await write(own, ownerId)
      if (renewed) {
        own = renewed
        return true
      }
      // An earlier write may have reached the store though its answer did not reach us.
      const stored = (await read()).find((slot) => slot.record?.memberId === record.memberId)
      own = stored && (await write(stored.ownership, ownerId))
      return own !== undefined
    },

    async evict(slot) {
      await write(slot.ownership, '')
    },

    plan: () => plan?.ownerId ?? '',

    async propose(text) {
      const fresh = { fullyQualifiedNamespace: namespace, eventHubName: MEMBERS, consumerGroup: groupId }
      const written = await write(plan ?? { ...fresh, partitionId: PLAN, ownerId: '' }, text)
      if (written) plan = written
      return written !== undefined
    },

    async leave() {
      const slot = own
      if (!slot) return
      await lastWrite(() => write(slot, ''), clock)
      own = undefined
    },
  }
}

import { systemClock } from '../util/clock.js'
import { createSerial } from '../util/serial.js'
import { createHandover } from './handover.js'
import { createLeaseNews } from './lease-news.js'
import type { Leases } from './leases.js'
import { type LeavePatience, leaveGroup } from './leaving.js'
import { createLook } from './look.js'
import { createLookSchedule } from './look-schedule.js'
import { patienceWith } from './member-record.js'
import { createRebalance, type MemberListener } from './rebalance.js'
import { createRenewal } from './renewal.js'
import type { Slot } from './roster.js'
import { type Counts, createSession, type SessionOptions } from './session.js'

export type { Joined, MemberListener } from './rebalance.js'

export interface GroupMemberOptions extends SessionOptions {
  /** ms */
  readonly heartbeatInterval: number
  /** Number of partitions of a topic as last seen; 0 for one that does not exist. Cached. */
  partitionCount(topic: string): Promise<number>
  /** Sets the partitions the assigners may hand out: told before they run. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
  readonly listener: MemberListener
}

export interface GroupMember {
  readonly memberId: () => string
  readonly generationId: () => number
  readonly leases: Pick<Leases, 'holds' | 'age' | 'isSuspect' | 'mustVerify' | 'suspect'>
  /** Announces the member and takes what it can. Rejects when the store can't be reached. */
  join(): Promise<void>
  /** Looks at the group now rather than at the next interval. */
  nudge(): void
  /** Makes sure of one lease now; one that is lost has been told of when the promise resolves. */
  verify(topic: string, partition: number): Promise<void>
  /**
   * Revokes everything, gives up every lease and the slot. Ends in time, whatever handlers and the store do: then leases
   * run out by themselves, and partitions whose handlers have not ended are lost. Rejects if the store could not be told.
   */
  leave(patience?: LeavePatience): Promise<void>
}

const endless: LeavePatience = { finish: Number.POSITIVE_INFINITY, store: Number.POSITIVE_INFINITY }

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { groupId, sessionTimeout, listener, logger, clock = systemClock } = options
  const serial = createSerial()
  const ended = new AbortController()
  const lookAt = createLook(options)
  const { onRestored, onLost, onExpired } = createLeaseNews({ groupId, listener, logger })
  const sessionOptions: SessionOptions = { ...options, onRestored }
  let current = createSession(sessionOptions)
  const session = () => current

  const schedule = createLookSchedule({
    groupId,
    heartbeatInterval: options.heartbeatInterval,
    look: () => turn(),
    onFailed: (error) => listener.onFailed(error),
    logger,
    clock,
  })
  const { nudge, onProgress } = schedule

  const common = { session, groupId, sessionTimeout, serial, onLost, logger, clock }
  const renewal = createRenewal({ ...common, onExpired, onChange: nudge })
  const handover = createHandover({
    ...common,
    onRevoked: (partition) => listener.onRevoked(partition),
    onReleased: nudge,
  })
  const rebalance = createRebalance({ ...common, ended: ended.signal, listener, handover, onProgress })

  /** Event Hubs is asked outside the queue that the renewals wait in: it may take its time to answer. */
  const turn = async () => {
    const counts = await ownCounts()
    await serial(async () => {
      if (ended.signal.aborted) return
      await renewal.recover()
      await look(counts)
    })
  }

  const ownCounts = () => countPartitions(options)

  /** One look at the group: who is there, who reads what, what is to be given up and taken. */
  const look = async (counts: Counts): Promise<void> => {
    await current.announce({ counts })
    const found = await lookAt(current, counts)
    if (ended.signal.aborted) return
    if (!found) return rejoin(counts)
    const missing = await rebalance.follow(found)
    if (missing > 0) return schedule.onMissing()
    const others = found.slots.filter((slot) => slot.record?.memberId !== current.memberId)
    schedule.onSettled(nextExpiry(others, sessionTimeout))
  }

  const rejoin = async (counts: Counts) => {
    logger.error('The group has given this member up for dead: it joins anew', { groupId, memberId: current.memberId })
    rebalance.restart()
    current = createSession(sessionOptions)
    await current.enter(counts)
    nudge()
  }

  return {
    memberId: () => current.memberId,
    generationId: () => rebalance.generationId,
    leases: {
      holds: (topic, partition) => current.leases.holds(topic, partition),
      age: (topic, partition) => current.leases.age(topic, partition),
      isSuspect: (topic, partition) => current.leases.isSuspect(topic, partition),
      mustVerify: (topic, partition) => current.leases.mustVerify(topic, partition),
      suspect: (topic, partition) => current.leases.suspect(topic, partition),
    },
    nudge,
    verify: renewal.verify,

    async join() {
      const counts = await ownCounts()
      await serial(async () => {
        if (ended.signal.aborted) return
        await current.enter(counts)
        await look(counts)
        renewal.start()
      })
    },

    async leave(patience = endless) {
      ended.abort()
      schedule.stop()
      renewal.stop()
      await leaveGroup({ ...common, renewal, handover, onLost: listener.onLost }, patience)
    },
  }
}

async function countPartitions(options: Pick<GroupMemberOptions, 'topics' | 'partitionCount'>): Promise<Counts> {
  const { topics } = options
  const counts = await Promise.all(topics.map((topic) => options.partitionCount(topic)))
  return Object.fromEntries(topics.map((topic, i) => [topic, counts[i] ?? 0]))
}

/** A member that falls silent is noticed when its time is up, not at the interval after it. */
const nextExpiry = (others: readonly Slot[], sessionTimeout: number): number =>
  Math.min(...others.map((slot) => patienceWith(slot.record, sessionTimeout) - slot.idleFor))

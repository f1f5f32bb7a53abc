import { toError } from '../errors/thrown.js'
import { isRetriable } from '../retry/retry.js'
import { systemClock } from '../util/clock.js'
import { createSerial } from '../util/serial.js'
import { createHandover } from './handover.js'
import type { Leases, TopicPartition } from './leases.js'
import { type LeavePatience, leaveGroup } from './leaving.js'
import { createLook } from './look.js'
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

/** The group is not looked at more often than this, whatever `heartbeatInterval` says, ms. */
const SHORTEST_INTERVAL_MS = 100

/** The time between two looks at the group while partitions assigned to this member are still with another, ms. */
const FIRST_RETRY_MS = 150

const endless: LeavePatience = { finish: Number.POSITIVE_INFINITY, store: Number.POSITIVE_INFINITY }

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { groupId, sessionTimeout, listener, logger, clock = systemClock } = options
  const interval = Math.max(SHORTEST_INTERVAL_MS, options.heartbeatInterval)
  const serial = createSerial()
  const ended = new AbortController()
  const lookAt = createLook(options)
  const sessionOptions: SessionOptions = {
    ...options,
    onRestored(partitions) {
      const message = 'Records of this member are gone from the checkpoint store: it writes them again, and reads on'
      logger.warn(message, { groupId, partitions })
      listener.onRestored(partitions)
    },
  }
  let current = createSession(sessionOptions)
  let retryDelay = FIRST_RETRY_MS
  let cancelLook = () => {}

  const session = () => current
  const onLost = (partitions: readonly TopicPartition[]) => {
    logger.warn('Another owner has taken partitions of this member: it stops reading them', { groupId, partitions })
    listener.onLost(partitions)
  }
  const onExpired = (partitions: readonly TopicPartition[]) => {
    const message =
      'Leases of this member have run out, which the checkpoint store did not renew: it stops reading until it does'
    logger.warn(message, { groupId, partitions })
    listener.onLost(partitions)
  }
  const onProgress = () => {
    retryDelay = FIRST_RETRY_MS
  }

  const schedule = (delay: number): void => {
    if (ended.signal.aborted) return
    cancelLook()
    cancelLook = clock.after(delay, () => {
      turn().catch((thrown: unknown) => {
        if (ended.signal.aborted) return
        const error = toError(thrown)
        if (!isRetriable(error)) return listener.onFailed(error)
        logger.warn(`Could not look at the group, trying again: ${error.message}`, { groupId })
        schedule(Math.min(1000, interval))
      })
    })
  }
  const nudge = (): void => schedule(0)

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

  const ownCounts = async (): Promise<Counts> => {
    const counts = await Promise.all(options.topics.map((topic) => options.partitionCount(topic)))
    return Object.fromEntries(options.topics.map((topic, i) => [topic, counts[i] ?? 0]))
  }

  /** One look at the group: who is there, who reads what, what is to be given up and taken. */
  const look = async (counts: Counts): Promise<void> => {
    await current.announce({ counts })
    const found = await lookAt(current, counts)
    if (ended.signal.aborted) return
    if (!found) return rejoin(counts)
    const missing = await rebalance.follow(found)
    if (missing === 0) return schedule(Math.min(interval, nextExpiry(found.slots)))
    schedule(Math.min(retryDelay, interval))
    retryDelay = Math.min(retryDelay * 1.5, interval)
  }

  /** A member that falls silent is noticed when its time is up, not at the interval after it. */
  const nextExpiry = (slots: readonly Slot[]): number => {
    const others = slots.filter((slot) => slot.record?.memberId !== current.memberId)
    return Math.max(
      FIRST_RETRY_MS,
      Math.min(...others.map((slot) => patienceWith(slot.record, sessionTimeout) - slot.idleFor)),
    )
  }

  const rejoin = async (counts: Counts) => {
    logger.error('The group has given this member up for dead: it joins anew', { groupId, memberId: current.memberId })
    rebalance.restart()
    current = createSession(sessionOptions)
    await current.enter(counts)
    schedule(0)
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
      cancelLook()
      renewal.stop()
      await leaveGroup({ ...common, renewal, handover, onLost: listener.onLost }, patience)
    },
  }
}

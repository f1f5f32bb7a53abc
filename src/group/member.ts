import { isRetriable } from '../retry/retry.js'
import type { Assignment } from '../types/index.js'
import { createSerial } from '../util/serial.js'
import { assign, partitionsOf } from './assignment.js'
import { type Leases, partitionKey, type TopicPartition } from './leases.js'
import { patienceWith } from './member-record.js'
import { createRenewal } from './renewal.js'
import type { Slot } from './roster.js'
import { type Counts, createSession, type SessionOptions } from './session.js'
import { ownSpelling } from './topic-spelling.js'

/** What a member came to after the group changed. */
export interface Joined {
  readonly memberId: string
  readonly generationId: number
  readonly leaderId: string
  readonly protocol: string
  /** As the assigner gave it, topics not subscribed to included. */
  readonly assignment: Assignment
  /** ms from noticing the change to reading. */
  readonly duration: number
}

/** What the group tells its member to do. */
export interface MemberListener {
  /** The group has changed; `joined` follows when it has settled. Not called for the first join. */
  onRebalancing(): void
  /** Start reading. */
  onAcquired(partitions: readonly TopicPartition[]): void
  /** Finish the message at hand, commit, stop. The lease is given up when the promise settles. */
  onRevoked(partition: TopicPartition): Promise<void>
  /** Stop at once, commit nothing: another owner may be reading already. */
  onLost(partitions: readonly TopicPartition[]): void
  /** Everything assigned is held. */
  onJoined(joined: Joined): void
  /** The group can't go on. */
  onFailed(error: Error): void
}

export interface GroupMemberOptions extends SessionOptions {
  /** ms */
  readonly heartbeatInterval: number
  /** Number of partitions of a topic as last seen; 0 for one that does not exist. Cached. */
  partitionCount(topic: string): Promise<number>
  /** Which partitions the assigners may hand out: told before they run. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
  readonly listener: MemberListener
}

export interface GroupMember {
  readonly memberId: () => string
  readonly generationId: () => number
  readonly leases: Pick<Leases, 'holds' | 'isSuspect' | 'mustVerify' | 'suspect'>
  /** Announces the member and takes what it can. Rejects when the store can't be reached. */
  join(): Promise<void>
  /** Looks at the group now rather than at the next interval. */
  nudge(): void
  /** Makes sure of one lease now; one that is lost has been told of when the promise resolves. */
  verify(topic: string, partition: number): Promise<void>
  /** Revokes everything, gives up every lease and the slot. Rejects if the store could not be told. */
  leave(): Promise<void>
}

/** The group is not looked at more often than this, whatever `heartbeatInterval` says, ms. */
const SHORTEST_INTERVAL_MS = 100

/** How often the group is looked at while partitions assigned to this member are still with another, ms. */
const FIRST_RETRY_MS = 150

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { groupId, sessionTimeout, listener, logger } = options
  const interval = Math.max(SHORTEST_INTERVAL_MS, options.heartbeatInterval)
  const serial = createSerial()
  const ended = new AbortController()

  /** How this member spells its topics; inside, they are spelled as by the group. */
  const spelling = ownSpelling(options.topics)
  const spelled = ({ topic, partition }: TopicPartition) => ({ topic: spelling.of(topic) ?? topic, partition })

  let session = createSession(options)
  let generationId = 0
  let pending: { since: number } | undefined = { since: performance.now() }
  let settled = ''
  let retryDelay = FIRST_RETRY_MS
  let lookTimer: NodeJS.Timeout | undefined

  const ownCounts = async () => {
    const counts = await Promise.all(options.topics.map((topic) => options.partitionCount(topic)))
    return Object.fromEntries(options.topics.map((topic, i) => [topic, counts[i] ?? 0]))
  }

  /** One look at the group: who is there, who reads what, what is to be given up and taken. */
  const look = async (counts: Counts): Promise<void> => {
    await session.announce({ counts })
    const slots = await session.members()
    const members = slots.map(({ record }) => record)
    if (!members.some(({ memberId }) => memberId === session.memberId)) return rejoin(counts)

    const partitions = partitionsOf(members, counts)
    const ownership = await session.view.read([...partitions.keys()], members)
    yieldTaken(ownership.ownerOf)
    const assignable = new Map(
      [...partitions].map(([topic, count]) => [
        topic,
        Array.from({ length: count }, (_, partition) => partition).filter((p) => !ownership.isForeign(topic, p)),
      ]),
    )
    options.setAssignable(assignable)
    const { protocol, members: assignments } = await assign(options.assigners, members, [...assignable.keys()].sort())
    const given = Object.entries(assignments.get(session.memberId) ?? {})
    const wanted = given.flatMap(([topic, list]) =>
      spelling.of(topic) === undefined ? [] : list.map((partition) => ({ topic, partition })),
    )
    const assignment: Assignment = Object.fromEntries(given.map(([topic, list]) => [spelling.of(topic) ?? topic, list]))

    const signature = JSON.stringify([members.map(({ memberId }) => memberId).sort(), assignment])
    if (signature !== settled) {
      if (settled !== '' && !pending) listener.onRebalancing()
      pending ??= { since: performance.now() }
      settled = signature
      retryDelay = FIRST_RETRY_MS
      generationId++
      await session.announce({ state: 'joining' })
    }

    const wantedKeys = new Set(wanted.map(({ topic, partition }) => partitionKey(topic, partition)))
    for (const { topic, partition } of session.leases.held()) {
      if (!wantedKeys.has(partitionKey(topic, partition))) revoke({ topic, partition })
    }
    const missing = wanted.filter(({ topic, partition }) => !session.leases.holds(topic, partition))
    const taken = await session.leases.claim(
      missing.flatMap(({ topic, partition }) => ownership.claimable(topic, partition, session.ownerId) ?? []),
    )
    if (taken.length > 0) {
      retryDelay = FIRST_RETRY_MS
      listener.onAcquired(taken.map(spelled))
    }

    if (taken.length < missing.length) {
      schedule(Math.min(retryDelay, interval))
      retryDelay = Math.min(retryDelay * 1.5, interval)
      return
    }
    if (pending && session.revoking.size === 0) {
      await session.announce({ state: 'stable' })
      const duration = Math.round(performance.now() - pending.since)
      pending = undefined
      const leaderId = members[0]?.memberId ?? session.memberId
      listener.onJoined({ memberId: session.memberId, generationId, leaderId, protocol, assignment, duration })
    }
    schedule(Math.min(interval, nextExpiry(slots)))
  }

  /** A member that falls silent is noticed when its time is up, not at the interval after it. */
  const nextExpiry = (slots: readonly Slot[]): number => {
    const others = slots.filter((slot) => slot.record?.memberId !== session.memberId)
    return Math.max(
      FIRST_RETRY_MS,
      Math.min(...others.map((slot) => patienceWith(slot.record, sessionTimeout) - slot.idleFor)),
    )
  }

  /** Partitions that the store shows with another owner are no longer ours, whatever the last renewal said. */
  const yieldTaken = (ownerOf: (topic: string, partition: number) => string | undefined) => {
    const taken = session.leases.held().filter(({ topic, partition }) => {
      const owner = ownerOf(topic, partition)
      return owner !== undefined && owner !== session.ownerId
    })
    for (const { topic, partition } of taken) session.leases.drop(topic, partition)
    if (taken.length > 0) lose(taken)
  }

  const lose = (partitions: readonly TopicPartition[]) => {
    const own = partitions.map(spelled)
    logger.warn('Another owner has taken partitions of this member: it stops reading them', {
      groupId,
      partitions: own,
    })
    listener.onLost(own)
  }

  const revoke = (tp: TopicPartition) => {
    const key = partitionKey(tp.topic, tp.partition)
    if (session.revoking.has(key)) return
    const { leases, revoking } = session
    revoking.set(
      key,
      listener
        .onRevoked(spelled(tp))
        .catch((error: Error) => {
          // Nothing reads it any more all the same; its next owner begins at what was committed before.
          logger.error(`Could not commit a partition that is handed over: ${error.message}`, { groupId, ...tp })
        })
        .then(() => serial(() => leases.release(tp.topic, tp.partition)))
        .catch((error: Error) => {
          // The lease runs out by itself; the partition is read again then.
          logger.error(`Could not hand over a partition: ${error.message}`, { groupId, ...tp })
          leases.drop(tp.topic, tp.partition)
        })
        .finally(() => {
          revoking.delete(key)
          nudge()
        }),
    )
  }

  const rejoin = async (counts: Counts) => {
    const lost = session.leases.held()
    logger.error('The group has given this member up for dead: it joins anew', { groupId, memberId: session.memberId })
    if (lost.length > 0) listener.onLost(lost.map(spelled))
    session = createSession(options)
    settled = ''
    pending = { since: performance.now() }
    await session.enter(counts)
    schedule(0)
  }

  /** Event Hubs is asked outside the queue that the renewals wait in: it may take its time to answer. */
  const turn = async () => {
    const counts = await ownCounts()
    await serial(async () => {
      if (ended.signal.aborted) return
      renewal.dropExpired()
      await look(counts)
    })
  }

  const schedule = (delay: number): void => {
    if (ended.signal.aborted) return
    clearTimeout(lookTimer)
    lookTimer = setTimeout(() => {
      turn().catch((error: Error) => {
        if (ended.signal.aborted) return
        if (!isRetriable(error)) return listener.onFailed(error)
        logger.warn(`Could not look at the group, trying again: ${error.message}`, { groupId })
        schedule(Math.min(1000, interval))
      })
    }, delay)
  }

  const nudge = (): void => schedule(0)

  const renewal = createRenewal({
    session: () => session,
    groupId,
    sessionTimeout,
    serial,
    onLost: lose,
    onChange: nudge,
    logger,
  })

  return {
    memberId: () => session.memberId,
    generationId: () => generationId,
    leases: {
      holds: (topic, partition) => session.leases.holds(topic, partition),
      isSuspect: (topic, partition) => session.leases.isSuspect(topic, partition),
      mustVerify: (topic, partition) => session.leases.mustVerify(topic, partition),
      suspect: (topic, partition) => session.leases.suspect(topic, partition),
    },
    nudge,
    verify: renewal.verify,

    async join() {
      const counts = await ownCounts()
      await serial(async () => {
        await session.enter(counts)
        await look(counts)
        renewal.start()
      })
    },

    async leave() {
      ended.abort()
      clearTimeout(lookTimer)
      renewal.stop()
      // A handler may take its time to finish: until then its partition stays ours.
      const keepAlive = setInterval(() => {
        renewal.renew().catch((error: Error) => {
          logger.warn(`Could not renew the member's leases while leaving: ${error.message}`, { groupId })
        })
      }, sessionTimeout / 3)
      try {
        await serial(async () => undefined)
        for (const tp of session.leases.held()) revoke(tp)
        await Promise.all(session.revoking.values())
      } finally {
        clearInterval(keepAlive)
      }
      await serial(() => session.leave())
    },
  }
}

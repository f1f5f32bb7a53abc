import { hostname } from 'node:os'
import type { CheckpointStore } from '../checkpoint/store.js'
import type { Assigner, Assignment, Logger } from '../types.js'
import { createSerial } from '../util/serial.js'
import { shareSuccess } from '../util/share.js'
import { assign } from './assignment.js'
import { createLeases, type Leases, partitionKey, type TopicPartition } from './leases.js'
import { type MemberRecord, toOwnerId } from './member-record.js'
import { createOwnershipView } from './ownership-view.js'
import { createRoster, type Slot } from './roster.js'

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

export interface GroupMemberOptions {
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  readonly clientId: string
  /** ms */
  readonly sessionTimeout: number
  /** ms */
  readonly heartbeatInterval: number
  readonly assigners: readonly Assigner[]
  /** Subscribed topics. */
  readonly topics: readonly string[]
  /** Number of partitions of a topic as last seen; 0 for one that does not exist. Cached. */
  partitionCount(topic: string): Promise<number>
  /** Which partitions the assigners may hand out: told before they run. */
  setAssignable(partitions: ReadonlyMap<string, readonly number[]>): void
  readonly listener: MemberListener
  readonly logger: Logger
}

export interface GroupMember {
  readonly memberId: () => string
  readonly generationId: () => number
  readonly leases: Pick<Leases, 'holds' | 'isDoubtful' | 'doubt'>
  /** Announces the member and takes what it can. Rejects when the store can't be reached. */
  join(): Promise<void>
  /** Looks at the group now rather than at the next interval. */
  nudge(): void
  /** Renews every lease now; concurrent calls share one round. Resolves when `leases` is true again. */
  confirm(): Promise<void>
  /** Revokes everything, gives up every lease and the slot. Rejects if the store could not be told. */
  leave(): Promise<void>
}

/** The group is not looked at more often than this, whatever `heartbeatInterval` says, ms. */
const SHORTEST_INTERVAL_MS = 100

/** How often the group is looked at while partitions assigned to this member are still with another, ms. */
const FIRST_RETRY_MS = 150

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { store, namespace, groupId, clientId, sessionTimeout, listener, logger } = options
  const interval = Math.max(SHORTEST_INTERVAL_MS, options.heartbeatInterval)
  const serial = createSerial()
  const ended = new AbortController()

  let session = createSession()
  let generationId = 0
  let pending: { since: number } | undefined = { since: performance.now() }
  let settled = ''
  let retryDelay = FIRST_RETRY_MS
  let lookTimer: NodeJS.Timeout | undefined
  let renewTimer: NodeJS.Timeout | undefined

  /** What one stay in the group owns; being evicted ends it and starts another. */
  function createSession() {
    const memberId = `${clientId}-${crypto.randomUUID()}`
    return {
      memberId,
      roster: createRoster({ store, namespace, groupId }),
      leases: createLeases({ store, namespace, groupId, ownerId: toOwnerId(memberId), duration: sessionTimeout }),
      view: createOwnershipView({ store, namespace, groupId, sessionTimeout }),
      revoking: new Map<string, Promise<void>>(),
      state: 'joining' as MemberRecord['state'],
      counts: {} as Record<string, number>,
    }
  }

  const ownRecord = (): MemberRecord => ({
    memberId: session.memberId,
    clientId,
    clientHost: hostname(),
    sessionTimeout,
    topics: session.counts,
    protocols: options.assigners.map((assigner) => {
      const { name, metadata } = assigner.protocol({ topics: [...options.topics] })
      return { name, metadata: metadata.toString('base64') }
    }),
    state: session.state,
  })

  /** Brings the own record up to date when what it says has changed. */
  const announce = async (changes: { state?: MemberRecord['state']; counts?: Record<string, number> }) => {
    const state = changes.state ?? session.state
    const counts = changes.counts ?? session.counts
    if (state === session.state && JSON.stringify(counts) === JSON.stringify(session.counts)) return
    session.state = state
    session.counts = counts
    await session.roster.renew(ownRecord())
  }

  const ownCounts = async () => {
    const counts = await Promise.all(options.topics.map((topic) => options.partitionCount(topic)))
    return Object.fromEntries(options.topics.map((topic, i) => [topic, counts[i] ?? 0]))
  }

  const evictSilent = async (slots: readonly Slot[]): Promise<Slot[]> => {
    const isSilent = (slot: Slot) => slot.record?.memberId !== session.memberId && slot.idleFor >= sessionTimeout
    for (const slot of slots.filter((one) => one.record && isSilent(one))) {
      logger.info('Removing a member that has gone silent', { groupId, silentMember: slot.record?.memberId })
      await session.roster.evict(slot)
    }
    return slots.filter((slot) => slot.record && !isSilent(slot))
  }

  /** One look at the group: who is there, who reads what, what is to be given up and taken. */
  const look = async (): Promise<void> => {
    const counts = await ownCounts()
    await announce({ counts })
    const slots = await evictSilent(await session.roster.list())
    if (!slots.some((slot) => slot.record?.memberId === session.memberId)) return rejoin()
    const members = slots.map((slot) => slot.record as MemberRecord)

    const partitions = partitionsOf(members, counts)
    const ownership = await session.view.read([...partitions.keys()])
    yieldTaken(ownership.ownerOf)
    const assignable = new Map(
      [...partitions].map(([topic, count]) => [
        topic,
        Array.from({ length: count }, (_, partition) => partition).filter((p) => !ownership.isForeign(topic, p)),
      ]),
    )
    options.setAssignable(assignable)
    const { protocol, members: assignments } = await assign(options.assigners, members, [...assignable.keys()].sort())
    const assignment = assignments.get(session.memberId) ?? {}
    const wanted = Object.entries(assignment).flatMap(([topic, list]) =>
      options.topics.includes(topic) ? list.map((partition) => ({ topic, partition })) : [],
    )

    const signature = JSON.stringify([members.map(({ memberId }) => memberId).sort(), assignment])
    if (signature !== settled) {
      if (settled !== '' && !pending) listener.onRebalancing()
      pending ??= { since: performance.now() }
      settled = signature
      retryDelay = FIRST_RETRY_MS
      generationId++
      await announce({ state: 'joining' })
    }

    const wantedKeys = new Set(wanted.map(({ topic, partition }) => partitionKey(topic, partition)))
    for (const { topic, partition } of session.leases.held()) {
      if (!wantedKeys.has(partitionKey(topic, partition))) revoke({ topic, partition })
    }
    const missing = wanted.filter(({ topic, partition }) => !session.leases.holds(topic, partition))
    const taken = await session.leases.claim(
      missing.flatMap(
        ({ topic, partition }) => ownership.claimable(topic, partition, toOwnerId(session.memberId)) ?? [],
      ),
    )
    if (taken.length > 0) {
      retryDelay = FIRST_RETRY_MS
      listener.onAcquired(taken)
    }

    if (taken.length < missing.length) {
      schedule(Math.min(retryDelay, interval))
      retryDelay = Math.min(retryDelay * 1.5, interval)
      return
    }
    if (pending && session.revoking.size === 0) {
      const duration = Math.round(performance.now() - pending.since)
      pending = undefined
      await announce({ state: 'stable' })
      const leaderId = members[0]?.memberId ?? session.memberId
      listener.onJoined({ memberId: session.memberId, generationId, leaderId, protocol, assignment, duration })
    }
    schedule(Math.min(interval, nextExpiry(slots)))
  }

  /** A member that falls silent is noticed when its time is up, not at the interval after it. */
  const nextExpiry = (slots: readonly Slot[]): number => {
    const others = slots.filter((slot) => slot.record?.memberId !== session.memberId)
    return Math.max(FIRST_RETRY_MS, Math.min(...others.map((slot) => sessionTimeout - slot.idleFor)))
  }

  /** Partitions that the store shows with another owner are no longer ours, whatever the last renewal said. */
  const yieldTaken = (ownerOf: (topic: string, partition: number) => string | undefined) => {
    const me = toOwnerId(session.memberId)
    const taken = session.leases.held().filter(({ topic, partition }) => {
      const owner = ownerOf(topic, partition)
      return owner !== undefined && owner !== me
    })
    for (const { topic, partition } of taken) session.leases.drop(topic, partition)
    if (taken.length > 0) lose(taken)
  }

  const lose = (partitions: readonly TopicPartition[]) => {
    logger.warn('Another owner has taken partitions of this member: it stops reading them', { groupId, partitions })
    listener.onLost(partitions)
  }

  const revoke = (tp: TopicPartition) => {
    const key = partitionKey(tp.topic, tp.partition)
    if (session.revoking.has(key)) return
    const { leases, revoking } = session
    revoking.set(
      key,
      listener
        .onRevoked(tp)
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

  const rejoin = async () => {
    const lost = session.leases.held()
    logger.error('The group has given this member up for dead: it joins anew', { groupId, memberId: session.memberId })
    if (lost.length > 0) listener.onLost(lost)
    session = createSession()
    settled = ''
    pending = { since: performance.now() }
    session.counts = await ownCounts()
    await session.roster.join(ownRecord())
    schedule(0)
  }

  const renew = async () => {
    const { roster, leases } = session
    const present = await roster.renew(ownRecord())
    const lost = await leases.renew()
    if (lost.length > 0) lose(lost)
    if (!present || lost.length > 0) schedule(0)
  }

  /** Leases that could not be renewed in time may have been taken: stop, and let the next look claim them again. */
  const dropExpired = () => {
    const expired = session.leases.held().filter(({ topic, partition }) => !session.leases.holds(topic, partition))
    for (const { topic, partition } of expired) session.leases.drop(topic, partition)
    if (expired.length > 0) lose(expired)
  }

  const schedule = (delay: number) => {
    if (ended.signal.aborted) return
    clearTimeout(lookTimer)
    lookTimer = setTimeout(() => {
      serial(async () => {
        if (ended.signal.aborted) return
        dropExpired()
        await look()
      }).catch((error: Error & { retriable?: boolean }) => {
        if (ended.signal.aborted) return
        if (error.retriable === false || error instanceof TypeError) return listener.onFailed(error)
        logger.warn(`Could not look at the group, trying again: ${error.message}`, { groupId })
        schedule(Math.min(1000, interval))
      })
    }, delay)
  }

  const scheduleRenewal = (delay: number) => {
    if (ended.signal.aborted) return
    renewTimer = setTimeout(() => {
      serial(renew).then(
        () => scheduleRenewal(sessionTimeout / 3),
        (error: Error) => {
          logger.warn(`Could not renew the member's leases, trying again: ${error.message}`, { groupId })
          dropExpired()
          scheduleRenewal(Math.min(1000, sessionTimeout / 10))
        },
      )
    }, delay)
  }

  const nudge = () => schedule(0)

  const confirmOnce = shareSuccess(() => serial(renew).finally(() => confirmOnce.reset()))

  return {
    memberId: () => session.memberId,
    generationId: () => generationId,
    leases: {
      holds: (topic, partition) => session.leases.holds(topic, partition),
      isDoubtful: (topic, partition) => session.leases.isDoubtful(topic, partition),
      doubt: (topic, partition) => session.leases.doubt(topic, partition),
    },
    nudge,
    confirm: confirmOnce,

    async join() {
      await serial(async () => {
        session.counts = await ownCounts()
        await session.roster.join(ownRecord())
        await look()
        scheduleRenewal(sessionTimeout / 3)
      })
    },

    async leave() {
      ended.abort()
      clearTimeout(lookTimer)
      clearTimeout(renewTimer)
      // A handler may take its time to finish: until then its partition stays ours.
      const keepAlive = setInterval(() => {
        serial(renew).catch((error: Error) => {
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
      await serial(() => session.roster.leave())
    },
  }
}

/**
 * How many partitions there are to share: the most that any member knows of, so that all see a new partition at the
 * same time; none of a topic that this member has found gone.
 */
function partitionsOf(members: readonly MemberRecord[], own: Readonly<Record<string, number>>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const member of members) {
    for (const [topic, count] of Object.entries(member.topics))
      counts.set(topic, Math.max(count, counts.get(topic) ?? 0))
  }
  for (const [topic, count] of Object.entries(own)) if (count === 0) counts.set(topic, 0)
  return counts
}

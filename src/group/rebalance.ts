import type { Assignment } from '../types/index.js'
import type { Clock } from '../util/clock.js'
import type { Handover } from './handover.js'
import { partitionKey, type TopicPartition } from './leases.js'
import type { Look } from './look.js'
import type { Session } from './session.js'

/** A member's share after the group changed. */
export interface Joined {
  readonly memberId: string
  readonly generationId: number
  readonly leaderId: string
  readonly protocol: string
  /** The assignment as the assigner gave it, topics not subscribed to included. */
  readonly assignment: Assignment
  /** ms from noticing the change to reading. */
  readonly duration: number
}

/** The listener to what the group tells its member to do. */
export interface MemberListener {
  /** The group has changed; `joined` follows when it has settled. Not called for the first join. */
  onRebalancing(): void
  /** Start reading. */
  onAcquired(partitions: readonly TopicPartition[]): void
  /** Finish the message at hand, commit, stop. The lease is given up when the promise settles. */
  onRevoked(partition: TopicPartition): Promise<void>
  /** Stop at once, commit nothing: another owner may be reading already. */
  onLost(partitions: readonly TopicPartition[]): void
  /** The store has lost its records of these, and has the leases again: offsets are to be written again, too. */
  onRestored(partitions: readonly TopicPartition[]): void
  /** Everything assigned is held. */
  onJoined(joined: Joined): void
  /** The group can't go on. */
  onFailed(error: Error): void
}

/** Brings what a member reads in line with what the group gives it. */
export interface Rebalance {
  readonly generationId: number
  /**
   * Gives up what is no longer this member's, takes what is, and tells when that is done. Returns how many partitions are
   * still with others.
   */
  follow(look: Look): Promise<number>
  /** The member has been given up for dead, and begins again under another id. */
  restart(): void
}

export interface RebalanceOptions {
  readonly session: () => Session
  readonly listener: MemberListener
  readonly handover: Handover
  readonly clock: Clock
  /** Aborted when the member leaves: it takes nothing from then on. */
  readonly ended: AbortSignal
  /** Another owner has been given partitions, or has taken them. */
  readonly onLost: (partitions: readonly TopicPartition[]) => void
  /** Others may be about to give something up, or have: the group is to be looked at often. */
  readonly onProgress: () => void
}

export function createRebalance(options: RebalanceOptions): Rebalance {
  const { session, listener, handover, clock, ended, onLost, onProgress } = options
  let generationId = 0
  let pending: { since: number } | undefined = { since: clock.now() }
  let settled = ''

  /** Partitions that the store shows with another owner are no longer ours, whatever the last renewal said. */
  const yieldTaken = ({ ownership }: Look) => {
    const { leases, ownerId } = session()
    const taken = leases.held().filter(({ topic, partition }) => {
      const owner = ownership.ownerOf(topic, partition)
      return owner !== undefined && owner !== ownerId
    })
    for (const { topic, partition } of taken) leases.drop(topic, partition)
    if (taken.length > 0) onLost(taken)
  }

  const noticeChange = async ({ members, assignment }: Look) => {
    const signature = JSON.stringify([members.map(({ memberId }) => memberId).sort(), assignment])
    if (signature === settled) return
    if (settled !== '' && !pending) listener.onRebalancing()
    pending ??= { since: clock.now() }
    settled = signature
    generationId++
    onProgress()
    await session().announce({ state: 'joining' })
  }

  const giveUpUnwanted = ({ wanted }: Look) => {
    const keys = new Set(wanted.map(({ topic, partition }) => partitionKey(topic, partition)))
    for (const held of session().leases.held()) {
      if (!keys.has(partitionKey(held.topic, held.partition))) handover.revoke(session(), held)
    }
  }

  const takeWanted = async ({ wanted, ownership }: Look): Promise<number> => {
    const { leases, ownerId } = session()
    const missing = wanted.filter(({ topic, partition }) => !leases.holds(topic, partition))
    const taken = await leases.claim(
      missing.flatMap(({ topic, partition }) => ownership.claimable(topic, partition, ownerId) ?? []),
    )
    if (ended.aborted) {
      // The claim was under way when the member left: nobody would read these, nor give them up.
      for (const { topic, partition } of taken) await leases.release(topic, partition)
      return 0
    }
    if (taken.length > 0) {
      onProgress()
      listener.onAcquired(taken)
    }
    return missing.length - taken.length
  }

  const settle = async ({ members, protocol, assignment, notes }: Look, since: number) => {
    const { memberId } = session()
    await session().announce({ state: 'stable', assigned: notes })
    pending = undefined
    const duration = Math.round(clock.now() - since)
    const leaderId = members[0]?.memberId ?? memberId
    listener.onJoined({ memberId, generationId, leaderId, protocol, assignment, duration })
  }

  return {
    get generationId() {
      return generationId
    },

    async follow(look) {
      if (ended.aborted) return 0
      yieldTaken(look)
      await noticeChange(look)
      giveUpUnwanted(look)
      const missing = await takeWanted(look)
      if (missing === 0 && pending && session().revoking.size === 0) await settle(look, pending.since)
      return missing
    },

    restart() {
      const lost = session().leases.held()
      if (lost.length > 0) listener.onLost(lost)
      settled = ''
      pending = { since: clock.now() }
    },
  }
}

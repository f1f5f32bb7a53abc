import { lastWrite } from '../retry/last-write.js'
import { topicKey } from '../translate/names.js'
import type { CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'
import { type Clock, systemClock } from '../util/clock.js'
import { isVanished } from './steady-store.js'

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Keys by topic, as it is spelled, and partition: one is asked for with every message. */
const keys = new Map<string, string[]>()

/** The name a partition has inside, however its topic is spelled. */
export function partitionKey(topic: string, partition: number): string {
  const known = keys.get(topic)?.[partition]
  if (known !== undefined) return known
  const key = `${topicKey(topic)}/${partition}`
  const ofTopic = keys.get(topic) ?? []
  ofTopic[partition] = key
  keys.set(topic, ofTopic)
  return key
}

interface Lease extends TopicPartition {
  ownership: PartitionOwnership
  /** The time the last successful write was begun, by the monotonic clock: the latest moment others count from. */
  renewedAt: number
  /** The time something happened that another owner would cause. */
  suspectSince?: number | undefined
}

/**
 * The partitions this member may read: ownership records in the store that carry its name. A lease not renewed for
 * `duration` may have been taken by another, so it is no longer held, whatever the store says.
 */
export interface Leases {
  held(): TopicPartition[]
  /** True while the partition may be read, and its offsets committed. */
  holds(topic: string, partition: number): boolean
  /** Time since the lease was last known to be ours, ms; Infinity when it is not held. */
  age(topic: string, partition: number): number
  /** True when `suspect` has been said, and nothing to the contrary since. */
  isSuspect(topic: string, partition: number): boolean
  /** True when the store is to be asked before something is done that only the owner may do. */
  mustVerify(topic: string, partition: number): boolean
  /** Something has happened that another owner would cause: true until a renewal begun from now on. */
  suspect(topic: string, partition: number): void
  /** Claims records as they were read (free, expired, or new); returns the partitions won. */
  claim(records: readonly PartitionOwnership[]): Promise<TopicPartition[]>
  /** Renews all, or some of those held; returns those that were lost to another owner. Rejects when the store can't be reached. */
  renew(only?: readonly TopicPartition[]): Promise<TopicPartition[]>
  /** Gives a partition up for others to claim. */
  release(topic: string, partition: number): Promise<void>
  /** Forgets a lease without touching the store. */
  drop(topic: string, partition: number): void
}

export interface LeasesOptions {
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  readonly ownerId: string
  /** ms */
  readonly duration: number
  readonly clock?: Clock
  /** The records of these had been removed from the store, and are there again. */
  readonly onRestored?: ((partitions: readonly TopicPartition[]) => void) | undefined
}

export function createLeases(options: LeasesOptions): Leases {
  const { store, namespace, groupId, ownerId, duration, clock = systemClock, onRestored } = options
  const { now } = clock
  const leases = new Map<string, Lease>()

  const keyOf = (record: PartitionOwnership) => partitionKey(record.eventHubName, Number(record.partitionId))

  /** Stores may return names in another case than they were given; leases keep the name asked for. */
  const write = async (records: readonly PartitionOwnership[]): Promise<Set<PartitionOwnership>> => {
    const begun = now()
    const written = await store.claimOwnership(records.map((record) => ({ ...record, ownerId })))
    const won = new Set<PartitionOwnership>()
    for (const record of records) {
      const answer = written.find(
        (one) =>
          one.partitionId === record.partitionId &&
          one.eventHubName.toLowerCase() === record.eventHubName.toLowerCase(),
      )
      if (!answer) continue
      won.add(record)
      const { suspectSince } = leases.get(keyOf(record)) ?? {}
      leases.set(keyOf(record), {
        topic: record.eventHubName,
        partition: Number(record.partitionId),
        ownership: { ...answer, eventHubName: record.eventHubName },
        renewedAt: begun,
        suspectSince: suspectSince !== undefined && suspectSince >= begun ? suspectSince : undefined,
      })
    }
    return won
  }

  /** What has run out, or is in doubt, may have had another owner before its record was removed. */
  const isSurelyOurs = ({ topic, partition }: Lease) => age(topic, partition) < duration && !isSuspect(topic, partition)

  /**
   * Of the leases whose renewal failed, those that the store still shows as ours: an answer got lost, not the lease; and
   * those whose records have been removed.
   */
  const reclaim = async (failed: readonly Lease[]): Promise<void> => {
    for (const topic of new Set(failed.map((lease) => lease.topic))) {
      const stored = await store.listOwnership(namespace, topic, groupId)
      const ours = stored.filter(
        (record) =>
          record.ownerId === ownerId &&
          failed.some(
            (l) =>
              l.topic === topic &&
              String(l.partition) === record.partitionId &&
              (!isVanished(record) || isSurelyOurs(l)),
          ),
      )
      if (ours.length === 0) continue
      const won = await write(ours.map((record) => ({ ...record, eventHubName: topic })))
      const restored = [...won].filter(isVanished)
      if (restored.length > 0)
        onRestored?.(restored.map((record) => ({ topic, partition: Number(record.partitionId) })))
    }
  }

  const isSuspect = (topic: string, partition: number) =>
    leases.get(partitionKey(topic, partition))?.suspectSince !== undefined

  const age = (topic: string, partition: number) => {
    const lease = leases.get(partitionKey(topic, partition))
    return lease ? now() - lease.renewedAt : Number.POSITIVE_INFINITY
  }

  return {
    held: () => [...leases.values()].map(({ topic, partition }) => ({ topic, partition })),
    holds: (topic, partition) => age(topic, partition) < duration,
    isSuspect,
    // Renewed every third of its duration, a lease of half that age has missed its turn.
    mustVerify: (topic, partition) =>
      isSuspect(topic, partition) ||
      (leases.has(partitionKey(topic, partition)) && age(topic, partition) > duration / 2),
    suspect(topic, partition) {
      const lease = leases.get(partitionKey(topic, partition))
      if (lease) lease.suspectSince = now()
    },
    age,

    async claim(records) {
      if (records.length === 0) return []
      const won = await write(records)
      return [...won].map((record) => ({ topic: record.eventHubName, partition: Number(record.partitionId) }))
    },

    async renew(only) {
      const chosen = only?.flatMap(({ topic, partition }) => leases.get(partitionKey(topic, partition)) ?? [])
      const before = chosen ?? [...leases.values()]
      if (before.length === 0) return []
      const begun = now()
      await write(before.map((lease) => lease.ownership))
      const stale = () =>
        before.filter((l) => (leases.get(partitionKey(l.topic, l.partition))?.renewedAt ?? begun) < begun)
      if (stale().length > 0) await reclaim(stale())
      const lost = stale()
      for (const { topic, partition } of lost) leases.delete(partitionKey(topic, partition))
      return lost.map(({ topic, partition }) => ({ topic, partition }))
    },

    async release(topic, partition) {
      const lease = leases.get(partitionKey(topic, partition))
      if (!lease) return
      leases.delete(partitionKey(topic, partition))
      await lastWrite(() => store.claimOwnership([{ ...lease.ownership, ownerId: '' }]), clock)
    },

    drop(topic, partition) {
      leases.delete(partitionKey(topic, partition))
    },
  }
}

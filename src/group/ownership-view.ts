import { parsePartition } from '../translate/names.js'
import type { CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'
import { type Clock, systemClock } from '../util/clock.js'
import { mapConcurrently } from '../util/concurrency.js'
import { partitionKey } from './leases.js'
import { fromOwnerId, type MemberRecord, patienceWith } from './member-record.js'
import { createRecordWatch } from './record-watch.js'

/** The owners of partitions that the store names, at one moment. */
export interface OwnershipSnapshot {
  /** Undefined: nobody, or given up. */
  ownerOf(topic: string, partition: number): string | undefined
  /** Held, and kept up, by a processor of another SDK: not to be touched. */
  isForeign(topic: string, partition: number): boolean
  /** The record to claim a partition with; undefined while another owner holds it. */
  claimable(topic: string, partition: number, ownerId: string): PartitionOwnership | undefined
}

export interface OwnershipView {
  read(topics: readonly string[], members: readonly MemberRecord[]): Promise<OwnershipSnapshot>
}

export interface OwnershipViewOptions {
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  /** ms */
  readonly sessionTimeout: number
  readonly clock?: Clock
}

/** Processors of the Azure SDKs renew every 10 s and call a record of 60 s abandoned, by default. */
const FOREIGN_EXPIRY_MS = 60_000

export function createOwnershipView({
  store,
  namespace,
  groupId,
  sessionTimeout,
  clock = systemClock,
}: OwnershipViewOptions): OwnershipView {
  const watch = createRecordWatch(sessionTimeout / 2, clock.now)

  return {
    async read(topics, members) {
      const byId = new Map(members.map((member) => [member.memberId, member]))
      const records = new Map<string, { record: PartitionOwnership; held: boolean; foreign: boolean }>()
      const list = (topic: string) => store.listOwnership(namespace, topic, groupId)
      const lists = await mapConcurrently(topics, list, { stopsAtFailure: true })
      topics.forEach((topic, i) => {
        for (const stored of lists[i] ?? []) {
          const record = { ...stored, eventHubName: topic }
          const partition = parsePartition(record.partitionId)
          if (partition === undefined) continue
          const key = partitionKey(topic, partition)
          const memberId = fromOwnerId(record.ownerId)
          const foreign = memberId === undefined
          const owner = foreign ? { sessionTimeout: FOREIGN_EXPIRY_MS } : byId.get(memberId)
          const expiry = patienceWith(owner, sessionTimeout)
          const held = watch.idleFor(key, record.etag) < expiry && record.ownerId !== ''
          records.set(key, { record, held, foreign: held && foreign })
        }
      })
      const find = (topic: string, partition: number) => records.get(partitionKey(topic, partition))

      return {
        ownerOf: (topic, partition) => find(topic, partition)?.record.ownerId || undefined,
        isForeign: (topic, partition) => find(topic, partition)?.foreign ?? false,
        claimable(topic, partition, ownerId) {
          const found = find(topic, partition)
          if (found) return found.held && found.record.ownerId !== ownerId ? undefined : found.record
          return {
            fullyQualifiedNamespace: namespace,
            eventHubName: topic,
            consumerGroup: groupId,
            partitionId: String(partition),
            ownerId,
          }
        },
      }
    },
  }
}

import type { CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'

const VANISHED = 'vanished:'

/** True for a record that the store no longer has. */
export const isVanished = ({ etag }: PartitionOwnership): boolean => etag?.startsWith(VANISHED) ?? false

/** As it is written for the first time. */
function toFresh(record: PartitionOwnership): PartitionOwnership {
  if (!isVanished(record)) return record
  const { etag: _, ...fresh } = record
  return fresh
}

/**
 * A store whose records of ownership, once seen, do not vanish. Nothing in a group deletes one: where a record is not
 * listed any more, somebody has removed it by hand, or with the whole container. It is listed on as it was last seen, and
 * claimed as one that is new: so its owner writes it again, others leave it alone until its time is up, and nobody takes
 * the removal for a member's farewell.
 *
 * Its time runs from when the store takes claims again: a container that is being deleted takes none for a while.
 */
export function createSteadyStore(store: CheckpointStore): CheckpointStore {
  /** Event hub → partition → its record when it was last seen. */
  const seen = new Map<string, ReadonlyMap<string, PartitionOwnership>>()
  let takesClaims = true
  let version = 0
  return {
    async listOwnership(namespace, eventHub, group, options) {
      const listed = await store.listOwnership(namespace, eventHub, group, options)
      const records = new Map(listed.map((record) => [record.partitionId, record]))
      const vanished = [...(seen.get(eventHub)?.values() ?? [])].filter(({ partitionId }) => !records.has(partitionId))
      if (vanished.some((record) => !isVanished(record))) takesClaims = false
      if (!takesClaims) version++
      for (const record of vanished) records.set(record.partitionId, { ...record, etag: `${VANISHED}${version}` })
      seen.set(eventHub, records)
      return [...records.values()]
    },
    async claimOwnership(records, options) {
      const claimed = await store.claimOwnership(records.map(toFresh), options)
      if (claimed.length > 0) takesClaims = true
      return claimed
    },
    updateCheckpoint: (checkpoint, options) => store.updateCheckpoint(checkpoint, options),
    listCheckpoints: (...given) => store.listCheckpoints(...given),
  }
}

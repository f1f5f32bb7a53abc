import type { CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'

/**
 * A store whose records of ownership, once seen, do not vanish. Nothing in a group deletes one: where a record is not
 * listed any more, somebody has removed it by hand, or with the whole container. It is listed on as it was last seen, and
 * without a version: so its owner writes it anew, others leave it alone until its time is up, and nobody takes the
 * removal for a member's farewell.
 */
export function createSteadyStore(store: CheckpointStore): CheckpointStore {
  /** Event hub → partition → its record when it was last seen. */
  const seen = new Map<string, ReadonlyMap<string, PartitionOwnership>>()
  return {
    async listOwnership(namespace, eventHub, group, options) {
      const listed = await store.listOwnership(namespace, eventHub, group, options)
      const records = new Map(listed.map((record) => [record.partitionId, record]))
      for (const [partitionId, { etag: _, ...vanished }] of seen.get(eventHub) ?? []) {
        if (!records.has(partitionId)) records.set(partitionId, vanished)
      }
      seen.set(eventHub, records)
      return [...records.values()]
    },
    claimOwnership: (records, options) => store.claimOwnership(records, options),
    updateCheckpoint: (checkpoint, options) => store.updateCheckpoint(checkpoint, options),
    listCheckpoints: (...given) => store.listCheckpoints(...given),
  }
}

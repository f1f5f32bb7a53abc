import { KafkaJSError } from '../errors/index.js'
import type { Checkpoint, CheckpointStore, PartitionOwnership } from '../types/checkpoint-store.js'

/**
 * A checkpoint store whose answers can be relied on: lists of records. A store may be anyone's, and one that forgets to
 * answer, once or always, has failed that call; nobody can know what it holds.
 */
export function checkAnswers(store: CheckpointStore): CheckpointStore {
  const { listGroups, deleteGroup, deleteCheckpoint } = store
  return {
    listOwnership: async (...args) => toList('listOwnership', await store.listOwnership(...args)).map(toOwnership),
    claimOwnership: async (...args) => toList('claimOwnership', await store.claimOwnership(...args)).map(toOwnership),
    updateCheckpoint: async (...args) => store.updateCheckpoint(...args),
    listCheckpoints: async (...args) =>
      toList('listCheckpoints', await store.listCheckpoints(...args)).map(toCheckpoint),
    // A method that the store lacks is lacking afterwards as well: admin calls ask for it.
    ...(listGroups && {
      listGroups: async (...args) => toList('listGroups', await listGroups.apply(store, args)),
    }),
    ...(deleteGroup && { deleteGroup: async (...args) => deleteGroup.apply(store, args) }),
    ...(deleteCheckpoint && { deleteCheckpoint: async (...args) => deleteCheckpoint.apply(store, args) }),
  }
}

function toList<Item>(method: keyof CheckpointStore, answer: Item[]): Item[] {
  if (!Array.isArray(answer)) throw odd(method, `${nameOf(answer)} instead of a list`)
  const stranger = answer.find((item) => typeof item !== 'object' || item === null)
  if (stranger !== undefined || answer.includes(undefined as Item)) {
    throw odd(method, `a list that holds ${nameOf(stranger)}`)
  }
  return answer
}

const odd = (method: string, what: string) =>
  new KafkaJSError(
    `The checkpoint store failed: it answered ${method} with ${what}. eventHubs.checkpointStore must answer as the CheckpointStore of @azure/event-hubs does`,
  )

const nameOf = (value: unknown) =>
  value === null || value === undefined ? String(value) : `a value of type ${typeof value}`

/** Databases give back numbers for what looks like one, and nothing for an empty text. */
function toOwnership(record: PartitionOwnership): PartitionOwnership {
  const { partitionId, ownerId } = record
  if (typeof partitionId === 'string' && typeof ownerId === 'string') return record
  return { ...record, partitionId: String(partitionId), ownerId: String(ownerId ?? '') }
}

function toCheckpoint(checkpoint: Checkpoint): Checkpoint {
  const { partitionId, sequenceNumber } = checkpoint
  if (typeof partitionId === 'string' && typeof sequenceNumber === 'number') return checkpoint
  return { ...checkpoint, partitionId: String(partitionId), sequenceNumber: toSequenceNumber(sequenceNumber) }
}

/** NaN for what is no number: such a partition is read from its start. */
const toSequenceNumber = (value: unknown): number =>
  typeof value === 'bigint' || (typeof value === 'string' && value !== '') ? Number(value) : Number.NaN

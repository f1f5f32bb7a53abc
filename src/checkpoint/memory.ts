import { randomUUID } from 'node:crypto'
import type { CheckpointStore, StoredGroup } from '../types/checkpoint-store.js'
import { endingOnAbort } from './abort.js'
import { createGroupState, type GroupState } from './group-state.js'
import { checkCheckpoint, checkOwnership } from './validation.js'

/**
 * A checkpoint store in this process's memory: for tests, and for development against an emulator. Its groups end with
 * the process, and no other process sees them.
 *
 * @public
 */
export function memoryCheckpointStore(): CheckpointStore {
  const groups = new Map<string, GroupState>()

  const prefixOf = (namespace: string) => `${namespace.toLowerCase()}/`
  // A namespace is a host and perhaps a port: the first '/' ends it.
  const find = (namespace: string, group: string) => groups.get(prefixOf(namespace) + group.toLowerCase())
  const open = (namespace: string, group: string): GroupState => {
    const key = prefixOf(namespace) + group.toLowerCase()
    const state = groups.get(key) ?? createGroupState()
    state.apply({ op: 'name', name: group })
    groups.set(key, state)
    return state
  }

  return endingOnAbort({
    async listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const records = find(fullyQualifiedNamespace, consumerGroup)?.ownership(eventHubName) ?? []
      return records.map((record) => ({ fullyQualifiedNamespace, eventHubName, consumerGroup, ...record }))
    },

    async claimOwnership(partitionOwnership, _options) {
      partitionOwnership.forEach(checkOwnership)
      const time = Date.now()
      return partitionOwnership.flatMap((ownership) => {
        const etag = randomUUID()
        const won = open(ownership.fullyQualifiedNamespace, ownership.consumerGroup).apply({
          op: 'claim',
          hub: ownership.eventHubName,
          partition: ownership.partitionId,
          owner: ownership.ownerId,
          expected: ownership.etag,
          etag,
          time,
        })
        return won ? [{ ...ownership, etag, lastModifiedTimeInMs: time }] : []
      })
    },

    async updateCheckpoint(checkpoint, _options) {
      checkCheckpoint(checkpoint)
      open(checkpoint.fullyQualifiedNamespace, checkpoint.consumerGroup).apply({
        op: 'commit',
        hub: checkpoint.eventHubName,
        partition: checkpoint.partitionId,
        sequenceNumber: checkpoint.sequenceNumber,
        offset: checkpoint.offset,
      })
    },

    async listCheckpoints(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const records = find(fullyQualifiedNamespace, consumerGroup)?.checkpoints(eventHubName) ?? []
      return records.map((record) => ({ fullyQualifiedNamespace, eventHubName, consumerGroup, ...record }))
    },

    async listGroups(fullyQualifiedNamespace, _options) {
      const found: StoredGroup[] = []
      for (const [key, state] of groups) {
        if (!key.startsWith(prefixOf(fullyQualifiedNamespace)) || state.isEmpty || state.name === undefined) continue
        found.push({ consumerGroup: state.name, eventHubNames: state.eventHubNames() })
      }
      return found
    },

    async deleteGroup(fullyQualifiedNamespace, consumerGroup, _options) {
      groups.delete(prefixOf(fullyQualifiedNamespace) + consumerGroup.toLowerCase())
    },

    async deleteCheckpoint(fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, _options) {
      find(fullyQualifiedNamespace, consumerGroup)?.apply({ op: 'forget', hub: eventHubName, partition: partitionId })
    },
  })
}

const SHARED = Symbol.for('kafkajs-eventhubs.memory-checkpoint-store')

/** The store of `memory:`: one for the whole process, whichever copy of this package (ESM, CommonJS) asks. */
export function sharedMemoryCheckpointStore(): CheckpointStore {
  const shared = globalThis as { [SHARED]?: CheckpointStore }
  shared[SHARED] ??= memoryCheckpointStore()
  return shared[SHARED]
}

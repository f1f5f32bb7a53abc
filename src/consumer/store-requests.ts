import type { CheckpointStore } from '../checkpoint/store.js'
import type { Requests } from '../events.js'

/** A store whose calls show up as the requests that kafkajs makes of the group's coordinator. */
export function instrumentStore(store: CheckpointStore, requests: Requests, broker: string): CheckpointStore {
  return {
    listOwnership: (namespace, eventHub, group) =>
      requests.run('SyncGroup', broker, (abortSignal) =>
        store.listOwnership(namespace, eventHub, group, { abortSignal }),
      ),
    claimOwnership: (records) =>
      requests.run('Heartbeat', broker, (abortSignal) => store.claimOwnership(records, { abortSignal })),
    updateCheckpoint: (checkpoint) =>
      requests.run('OffsetCommit', broker, (abortSignal) => store.updateCheckpoint(checkpoint, { abortSignal })),
    listCheckpoints: (namespace, eventHub, group) =>
      requests.run('OffsetFetch', broker, (abortSignal) =>
        store.listCheckpoints(namespace, eventHub, group, { abortSignal }),
      ),
  }
}

import { isKafkaJSError, KafkaJSError } from '../errors/index.js'
import type { ApiName, Requests } from '../instrumentation/events.js'
import { isRetriable } from '../retry/retry.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'

/**
 * A store whose calls show up as the requests that kafkajs makes of the group's coordinator, and whose errors belong to
 * kafkajs's family: a store may be anyone's.
 */
export function instrumentStore(store: CheckpointStore, requests: Requests, broker: string): CheckpointStore {
  const call = async <T>(apiName: ApiName, operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await requests.run(apiName, broker, operation)
    } catch (error) {
      if (isKafkaJSError(error)) throw error
      const { message = String(error) } = (error ?? {}) as Partial<Error>
      throw new KafkaJSError(`The checkpoint store failed (${apiName}): ${message}`, {
        retriable: isRetriable(error),
        cause: error as Error,
      })
    }
  }
  return {
    listOwnership: (namespace, eventHub, group) =>
      call('SyncGroup', (abortSignal) => store.listOwnership(namespace, eventHub, group, { abortSignal })),
    claimOwnership: (records) => call('Heartbeat', (abortSignal) => store.claimOwnership(records, { abortSignal })),
    updateCheckpoint: (checkpoint) =>
      call('OffsetCommit', (abortSignal) => store.updateCheckpoint(checkpoint, { abortSignal })),
    listCheckpoints: (namespace, eventHub, group) =>
      call('OffsetFetch', (abortSignal) => store.listCheckpoints(namespace, eventHub, group, { abortSignal })),
  }
}

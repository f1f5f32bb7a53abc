import { isKafkaJSError, KafkaJSError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { ApiName, Requests } from '../instrumentation/events.js'
import { isRetriable } from '../retry/retry.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { Logger } from '../types/index.js'
import { withDeadline } from '../util/deadline.js'

export interface StoreRequestsOptions {
  readonly store: CheckpointStore
  readonly requests: Requests
  readonly broker: string
  /** The longest time a call may take, ms: a store that never answers must not hold up what waits behind it. */
  readonly timeout: number
  readonly logger: Logger
}

/** A store that takes longer is told of, ms: what waits for it looks as if nothing happened. */
const SLOW_MS = 1000

/** The time between two complaints about a slow store, ms. */
const TELLING_INTERVAL_MS = 60_000

/**
 * A store whose calls show up as the requests that kafkajs makes of the group's coordinator, end in time, and whose errors
 * belong to kafkajs's family: a store may be anyone's.
 */
export function instrumentStore(options: StoreRequestsOptions): CheckpointStore {
  const { store, requests, broker, timeout, logger } = options
  let toldAt = Number.NEGATIVE_INFINITY

  const tellSlow = (apiName: ApiName) => {
    if (performance.now() - toldAt < TELLING_INTERVAL_MS) return
    toldAt = performance.now()
    logger.warn(`The checkpoint store has not answered for ${SLOW_MS} ms (${apiName}), waiting on`, {
      apiName,
      timeout,
    })
  }

  const call = async <T>(apiName: ApiName, operation: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    const slow = setTimeout(() => tellSlow(apiName), SLOW_MS)
    const createError = () => new KafkaJSError(`The checkpoint store did not answer within ${timeout} ms (${apiName})`)
    try {
      return await requests.run(apiName, broker, (signal) =>
        // Async: a store may throw before there is a promise.
        withDeadline(async (abortSignal) => operation(abortSignal), { ms: timeout, signal, createError }),
      )
    } catch (thrown) {
      const error = toError(thrown)
      if (isKafkaJSError(error) && error === thrown) throw error
      throw new KafkaJSError(`The checkpoint store failed (${apiName}): ${error.message}`, {
        retriable: isRetriable(error),
        cause: error,
      })
    } finally {
      clearTimeout(slow)
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

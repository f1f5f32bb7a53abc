import type { Instrumentation, Requests } from '../../instrumentation/events.js'
import type { ConsumerEvents } from '../../types/index.js'
import { createDeferred } from '../../util/deferred.js'

/**
 * kafkajs's fetches, as events: `FETCH_START`, then `REQUEST` and `FETCH` when batches have come or `maxWaitTimeInMs` has
 * passed. There are no fetches over AMQP, partitions flow by themselves; programs, test suites and exporters of metrics
 * wait on these events all the same.
 */
export interface FetchCycle {
  /** A batch has come. Resolves when that has been told, and the batch may be handled. */
  fetched(): Promise<void>
  /**
   * Begins when `begin` resolves or the first batch has come, and ends with the run. `broker` is what the requests are
   * said to go to.
   */
  run(broker: string, begin: Promise<unknown>): Promise<void>
}

export function createFetchCycle(
  instrumentation: Instrumentation<ConsumerEvents>,
  requests: Requests,
  maxWaitTimeInMs: number,
  onIdle: () => void,
  /** The end of the run. */
  signal: AbortSignal,
): FetchCycle {
  /** kafkajs sends a string, and declares a number. */
  const nodeId = '0'
  let batches = 0
  let come = createDeferred()
  let told = createDeferred()
  // Nobody is to wait for a cycle that has ended, or has not begun.
  signal.addEventListener('abort', () => told.resolve(), { once: true })

  return {
    fetched() {
      if (batches++ === 0) come.resolve()
      return told.promise
    },

    async run(broker, begin) {
      await Promise.race([begin, come.promise])
      // Once per batch under load: a timer, and no more.
      const oneFetch = () =>
        new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer)
            signal.removeEventListener('abort', done)
            resolve()
          }
          const timer = setTimeout(done, maxWaitTimeInMs)
          signal.addEventListener('abort', done, { once: true })
          void come.promise.then(done)
          if (signal.aborted) done()
        })
      while (!signal.aborted) {
        const begun = Date.now()
        instrumentation.emit('FETCH_START', () => ({ nodeId }))
        // Like kafkajs's, the request may take its wait and a little more.
        await requests.run('Fetch', broker, oneFetch, { timeout: maxWaitTimeInMs + 100 })
        if (signal.aborted) return
        const numberOfBatches = batches
        const waiting = told
        batches = 0
        come = createDeferred()
        told = createDeferred()
        instrumentation.emit('FETCH', () => ({ numberOfBatches, duration: Date.now() - begun, nodeId }))
        waiting.resolve()
        if (numberOfBatches === 0) onIdle()
      }
    },
  }
}

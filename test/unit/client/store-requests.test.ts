import { expect, it } from 'vitest'
import { instrumentStore } from '../../../src/client/store-requests.js'
import { KafkaJSConnectionError, KafkaJSError, KafkaJSNonRetriableError } from '../../../src/errors/index.js'
import { createInstrumentation, createRequests, producerEvents } from '../../../src/instrumentation/events.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { retry } from '../../../src/retry/retry.js'
import { toKafkaJSError } from '../../../src/translate/error.js'
import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'
import { createHostileValues } from '../../support/hostile.js'

const logger = createLogger({ level: 0 })
const settings = { initialRetryTime: 1, factor: 0, multiplier: 1, maxRetryTime: 1, retries: 2 }

function requestsOf(onFailedListener: (message: string) => void = () => undefined) {
  const logger = createLogger({
    level: 1,
    logCreator:
      () =>
      ({ log }) =>
        onFailedListener(log.message),
  })
  const instrumentation = createInstrumentation({ client: 'producer', events: producerEvents, logger })
  const requests = createRequests({ instrumentation, clientId: 'c', requestTimeout: 1000, enforceRequestTimeout: true })
  return { instrumentation, requests }
}

/** Whatever somebody else's code throws is an error of the family, and tried again like one. */
it.each(createHostileValues())('a store that throws %s is tried again', async (_, thrown) => {
  let calls = 0
  const store = {
    listOwnership: () => {
      calls++
      throw thrown
    },
  } as unknown as CheckpointStore
  const instrumented = instrumentStore({ store, requests: requestsOf().requests, broker: 'b:1', timeout: 1000, logger })
  const listing = retry(() => instrumented.listOwnership('n', 'h', 'g'), settings)
  await expect(listing).rejects.toMatchObject({
    name: 'KafkaJSNumberOfRetriesExceeded',
    message: expect.stringContaining('The checkpoint store failed (SyncGroup)'),
  })
  expect(calls).toBe(3)
})

it.each(createHostileValues())('a listener that throws %s harms no request', async (_, thrown) => {
  const logged: string[] = []
  const { instrumentation, requests } = requestsOf((message) => logged.push(message))
  instrumentation.on('producer.network.request', () => {
    throw thrown
  })
  instrumentation.on('producer.network.request_queue_size', async () => {
    throw thrown
  })
  await expect(requests.run('Produce', 'b:1', async () => 'stored')).resolves.toBe('stored')
  await expect.poll(() => logged.length).toBe(3)
})

it.each(createHostileValues())('an operation that throws %s ends its request', async (_, thrown) => {
  const { requests } = requestsOf()
  let caught: unknown = 'nothing'
  await requests
    .run('Produce', 'b:1', () => Promise.reject(thrown))
    .catch((error: unknown) => {
      caught = error
    })
  expect(Object.is(caught, thrown)).toBe(true)
})

it.each(createHostileValues())('%s is translated, and wrapped', (_, thrown) => {
  expect(toKafkaJSError(thrown)).toBeInstanceOf(KafkaJSError)
  expect(new KafkaJSNonRetriableError(thrown as Error, { cause: thrown })).toBeInstanceOf(KafkaJSError)
  expect(new KafkaJSConnectionError(thrown as Error, { cause: thrown }).message).toEqual(expect.any(String))
})

it('a store may answer without promises', async () => {
  const store = { listOwnership: () => [] } as unknown as CheckpointStore
  await expect(
    instrumentStore({ store, requests: requestsOf().requests, broker: 'b:1', timeout: 1000, logger }).listOwnership(
      'n',
      'h',
      'g',
    ),
  ).resolves.toEqual([])
})

import { expect, it, vi } from 'vitest'
import { createClientContext } from '../../../src/client/context.js'
import { adminSettings, kafkaSettings } from '../../../src/config/config.js'
import { createInstrumentation, createRequests, producerEvents } from '../../../src/instrumentation/events.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { Kafka } from '../../../src/kafka.js'

async function warningsOf(broker: string): Promise<string[]> {
  const logged: string[] = []
  const logger = createLogger({ level: 2, logCreator: () => (entry) => void logged.push(entry.log.message) })
  const instrumentation = createInstrumentation({ client: 'producer', events: producerEvents, logger })
  const requests = createRequests({ instrumentation, clientId: 'c', requestTimeout: 1000, enforceRequestTimeout: true })
  const context = createClientContext(
    kafkaSettings({
      brokers: [broker],
      sasl: { mechanism: 'plain', username: 'policy', password: 'key' },
      eventHubs: { checkpointStore: 'memory:' },
    }),
    logger,
  )
  for (const _ of ['producer', 'consumer']) {
    const access = await context.open(requests, adminSettings(undefined, context.settings).retry)
    expect(await access.store()).toBeDefined()
    await access.close()
  }
  return logged
}

it('the memory of the process as the store of a real namespace is warned of, once', async () => {
  const warnings = await warningsOf('my-namespace.servicebus.windows.net:9093')
  expect(warnings).toEqual([expect.stringMatching(/'memory:': offsets, members and leases end with this process/)])
  expect(await warningsOf('localhost:5672')).toEqual([])
})

it('a text that is no store is refused at once, whoever gave it', () => {
  const brokers = ['my-namespace.servicebus.windows.net:9093']
  const refusal = {
    name: 'KafkaJSNonRetriableError',
    message: expect.stringMatching(/'redis:…' is not understood: write/),
  }
  const refused = (make: () => unknown) => {
    try {
      return make()
    } catch (error) {
      return error
    }
  }
  expect(refused(() => new Kafka({ brokers, eventHubs: { checkpointStore: 'redis://host' } }))).toMatchObject(refusal)
  vi.stubEnv('KAFKAJS_EVENTHUBS_CHECKPOINT_STORE', 'redis://host')
  expect(refused(() => new Kafka({ brokers }))).toMatchObject(refusal)
  expect(refused(() => new Kafka({ brokers, eventHubs: { checkpointStore: 'memory:' } }))).toBeInstanceOf(Kafka)
  vi.stubEnv('KAFKAJS_EVENTHUBS_CHECKPOINT_STORE', '')
  expect(refused(() => new Kafka({ brokers }))).toBeInstanceOf(Kafka)
  vi.unstubAllEnvs()
})

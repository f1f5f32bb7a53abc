import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { adminSettings, consumerSettings, kafkaSettings, producerSettings } from '../../../src/config/config.js'
import { KafkaJSNonRetriableError } from '../../../src/errors/index.js'
import type { ConsumerConfig, KafkaConfig, ProducerConfig } from '../../../src/types/index.js'
import { kafkajs } from '../../parity/kafkajs.js'

const brokers = ['ns.servicebus.windows.net:9093']
const defaultRetry = { initialRetryTime: 300, factor: 0.2, multiplier: 2, maxRetryTime: 30_000, retries: 5 }
const settings = (config: Partial<KafkaConfig> = {}) => kafkaSettings({ brokers, ...config })

/** What the two packages do with the same configuration. */
const outcome = (run: () => unknown) => {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}
const theirs = (config: Partial<KafkaConfig> = {}) =>
  new kafkajs.Kafka({ brokers, ...config, logLevel: kafkajs.logLevel.NOTHING } as never)

beforeEach(() => vi.stubEnv('KAFKAJS_EVENTHUBS_CHECKPOINT_STORE', undefined))
afterEach(() => vi.unstubAllEnvs())

describe('kafkaSettings', () => {
  it('fills in what was left out', () => {
    expect(settings()).toEqual({
      clientId: 'kafkajs',
      brokers,
      ssl: undefined,
      sasl: undefined,
      // kafkajs has 1 000, too little for TLS to a cloud.
      connectionTimeout: 10_000,
      reauthenticationThreshold: 10_000,
      requestTimeout: 30_000,
      enforceRequestTimeout: true,
      retry: undefined,
      eventHubs: {
        transport: 'amqp',
        consumerGroup: 'auto',
        transactions: 'reject',
        undecodable: 'deliver',
        compression: 'none',
      },
    })
  })

  it('is frozen, and does not look at brokers', () => {
    expect(Object.isFrozen(settings())).toBe(true)
    expect(Object.isFrozen(settings().eventHubs)).toBe(true)
    expect(outcome(() => kafkaSettings({} as KafkaConfig))).toBe('accepted')
  })

  it('needs an object, as kafkajs does', () => {
    expect(() => kafkaSettings(undefined as never)).toThrow(TypeError)
    expect(() => new kafkajs.Kafka(undefined as never)).toThrow(TypeError)
  })

  it('takes the checkpoint store of the environment where none is given', () => {
    vi.stubEnv('KAFKAJS_EVENTHUBS_CHECKPOINT_STORE', 'file:offsets')
    expect(settings().eventHubs.checkpointStore).toBe('file:offsets')
    expect(settings({ eventHubs: { checkpointStore: 'memory:' } }).eventHubs.checkpointStore).toBe('memory:')
  })

  it('reads numbers from text, and takes null as left out', () => {
    const read = settings({ requestTimeout: '5000' as never, connectionTimeout: null as never })
    expect([read.requestTimeout, read.connectionTimeout]).toEqual([5000, 10_000])
  })

  it('never lets a timer overflow', () => {
    expect(settings({ requestTimeout: Number.POSITIVE_INFINITY }).requestTimeout).toBe(2_147_483_647)
  })

  it.each([
    [{ requestTimeout: -1 }, 'Invalid requestTimeout, expected a number that is not negative, received -1'],
    [
      { connectionTimeout: Number.NaN },
      'Invalid connectionTimeout, expected a number that is not negative, received NaN',
    ],
    [
      { authenticationTimeout: 'soon' },
      'Invalid authenticationTimeout, expected a number that is not negative, received soon',
    ],
    [
      { eventHubs: { transport: 'http' } },
      "Invalid eventHubs.transport, expected 'amqp' or 'websockets', received http",
    ],
    [
      { eventHubs: { transactions: 'yes' } },
      "Invalid eventHubs.transactions, expected 'reject' or 'buffered', received yes",
    ],
    [
      { eventHubs: { compression: 'batch' } },
      "Invalid eventHubs.compression, expected 'none' or 'body', received batch",
    ],
    [
      { eventHubs: { consumerGroup: 'mine' } },
      "Invalid eventHubs.consumerGroup, expected 'auto' or 'dedicated' or '$Default', received mine",
    ],
    [{ eventHubs: { prefetchCount: 1.5 } }, 'Invalid eventHubs.prefetchCount, expected a whole number, received 1.5'],
    [
      { eventHubs: { maxBatchSize: Infinity } },
      'Invalid eventHubs.maxBatchSize, expected a whole number, received Infinity',
    ],
    [
      { eventHubs: { connectionString: 5 } },
      'Invalid eventHubs.connectionString, expected text, received one of type number',
    ],
    [
      { eventHubs: { connectionString: ['Endpoint=sb://x;SharedAccessKey=secret'] } },
      'Invalid eventHubs.connectionString, expected text, received one of type array',
    ],
    [
      { eventHubs: { customEndpointAddress: 5 } },
      'Invalid eventHubs.customEndpointAddress, expected text, received one of type number',
    ],
    [
      { eventHubs: { auth: {} } },
      'Invalid eventHubs.auth, expected an object with getCredential(), such as azureAdAuth({ credential }), received one of type object',
    ],
    [
      { eventHubs: { auth: 'key' } },
      'Invalid eventHubs.auth, expected an object with getCredential(), such as azureAdAuth({ credential }), received one of type string',
    ],
    [
      { eventHubs: { transport: 'websockets', proxy: 5 } },
      'Invalid eventHubs.proxy, expected a URL as text, or an http.Agent, received one of type number',
    ],
    [
      { eventHubs: { checkpointStore: {} } },
      'Invalid eventHubs.checkpointStore, expected text, or an object with claimOwnership(), listOwnership(), updateCheckpoint(), listCheckpoints(), such as blobCheckpointStore({ containerClient }), received one of type object',
    ],
    [
      { eventHubs: { management: true } },
      'Invalid eventHubs.management, expected false or an object, received one of type boolean',
    ],
    [
      { eventHubs: { management: { kind: 'portal' } } },
      "Invalid eventHubs.management.kind, expected 'namespace' or 'arm', received portal",
    ],
    [
      { eventHubs: { prefetchCount: 0 } },
      'Invalid eventHubs.prefetchCount, expected a number of at least 1, received 0',
    ],
  ])('refuses %j', (config, message) => {
    expect(() => settings(config as never)).toThrow(message)
    expect(() => settings(config as never)).toThrow(KafkaJSNonRetriableError)
  })
})

describe('producerSettings', () => {
  it('fills in what was left out', () => {
    expect(producerSettings(undefined, settings())).toEqual({
      createPartitioner: undefined,
      retry: defaultRetry,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: true,
      idempotent: false,
      transactionalId: undefined,
      transactionTimeout: 60_000,
      maxInFlightRequests: null,
    })
  })

  it('lays its retry over that of Kafka', () => {
    const kafka = settings({ retry: { retries: 9, factor: 0 } })
    expect(producerSettings({ retry: { retries: 1 } }, kafka).retry).toEqual({ ...defaultRetry, retries: 1, factor: 0 })
    expect(adminSettings({ retry: { multiplier: 3 } }, kafka).retry).toEqual({
      ...defaultRetry,
      retries: 9,
      factor: 0,
      multiplier: 3,
    })
    expect(adminSettings(undefined, settings()).retry).toEqual(defaultRetry)
  })

  it.each<[ProducerConfig, Partial<KafkaConfig>]>([
    [{ idempotent: true }, {}],
    [{ idempotent: true, retry: { retries: 0 } }, {}],
    [{ idempotent: true }, { retry: { retries: 0 } }],
    [{ idempotent: true, retry: { retries: 1 } }, { retry: { retries: 0 } }],
    [{ idempotent: false, retry: { retries: 0 } }, {}],
  ])('does with %j on %j what kafkajs does', (config, kafka) => {
    const expected = outcome(() =>
      theirs(kafka).producer({ ...config, createPartitioner: kafkajs.Partitioners.DefaultPartitioner } as never),
    )
    expect(outcome(() => producerSettings(config, settings(kafka)))).toBe(expected)
  })

  it('allows endless retries', () => {
    expect(producerSettings({ retry: { retries: Number.MAX_SAFE_INTEGER } }, settings()).retry.retries).toBe(
      Number.MAX_SAFE_INTEGER,
    )
    expect(producerSettings({ retry: { retries: Number.POSITIVE_INFINITY } }, settings()).retry.retries).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
})

describe('consumerSettings', () => {
  it('fills in what was left out', () => {
    expect(consumerSettings({ groupId: 'g' }, settings())).toEqual({
      groupId: 'g',
      partitionAssigners: undefined,
      metadataMaxAge: 300_000,
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      heartbeatInterval: 3_000,
      maxBytesPerPartition: 1_048_576,
      maxBytes: 10_485_760,
      maxWaitTimeInMs: 5_000,
      retry: defaultRetry,
      restartOnFailure: undefined,
      allowAutoTopicCreation: true,
    })
  })

  it.each<[ConsumerConfig | undefined]>([
    [undefined],
    [{} as ConsumerConfig],
    [{ groupId: '' }],
    [{ groupId: null as never }],
    [{ groupId: 'g', heartbeatInterval: 30_000 }],
    [{ groupId: 'g', heartbeatInterval: 5_000, sessionTimeout: 4_000 }],
    [{ groupId: 'g', heartbeatInterval: 5_000, sessionTimeout: 5_001 }],
    [{ groupId: 'g' }],
  ])('does with %j what kafkajs does', (config) => {
    const expected = outcome(() => theirs().consumer(config as never))
    expect(outcome(() => consumerSettings(config, settings()))).toBe(expected)
  })

  it.each([{ minBytes: -1 }, { maxInFlightRequests: 0 }])('refuses %j, which would have no effect', (option) => {
    expect(() => consumerSettings({ groupId: 'g', ...option }, settings())).toThrow(
      `Invalid ${Object.keys(option)[0]}, expected a number`,
    )
  })

  it('has 5 retries unless it says otherwise itself, as in kafkajs', () => {
    const kafka = settings({ retry: { retries: 0, initialRetryTime: 1 } })
    expect(consumerSettings({ groupId: 'g' }, kafka).retry).toMatchObject({ retries: 5, initialRetryTime: 1 })
    expect(consumerSettings({ groupId: 'g', retry: {} }, kafka).retry).toMatchObject({ retries: 0 })
    expect(consumerSettings({ groupId: 'g', retry: { retries: 2 } }, kafka).retry).toMatchObject({ retries: 2 })
  })

  it('inherits restartOnFailure', () => {
    const [ofKafka, own] = [async () => false, async () => true]
    const kafka = settings({ retry: { restartOnFailure: ofKafka } })
    expect(consumerSettings({ groupId: 'g' }, kafka).restartOnFailure).toBe(ofKafka)
    expect(consumerSettings({ groupId: 'g', retry: { restartOnFailure: own } }, kafka).restartOnFailure).toBe(own)
  })
})

it('reads NODE_ENV nowhere', () => {
  vi.stubEnv('NODE_ENV', 'test')
  expect(adminSettings(undefined, settings()).retry).toEqual(defaultRetry)
})

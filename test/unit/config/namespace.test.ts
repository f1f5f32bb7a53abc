import { describe, expect, it, vi } from 'vitest'
import { kafkaSettings } from '../../../src/config/config.js'
import { resolveNamespace } from '../../../src/config/namespace.js'
import { KafkaJSConnectionError, KafkaJSNonRetriableError } from '../../../src/errors/index.js'
import type { ConnectionStringConfig, KafkaConfig } from '../../../src/types/index.js'
import { kafkajs } from '../../parity/kafkajs.js'
import { createHostileValues } from '../../support/hostile.js'

const resolve = (config: Partial<KafkaConfig> | ConnectionStringConfig) =>
  resolveNamespace(kafkaSettings(config as KafkaConfig))
const host = 'ns.servicebus.windows.net'

describe('resolveNamespace', () => {
  it.each<[string, Partial<KafkaConfig>, object]>([
    ['a broker', { brokers: [`${host}:9093`] }, { fullyQualifiedNamespace: host, port: 9093, isEmulator: false }],
    ['a broker without port', { brokers: [host], ssl: true }, { fullyQualifiedNamespace: host, isEmulator: false }],
    ['a broker with a scheme', { brokers: [`sb://${host}/`] }, { fullyQualifiedNamespace: host, isEmulator: false }],
    [
      'the same broker twice',
      { brokers: [`${host}:9093`, `NS.servicebus.windows.net:443`] },
      { fullyQualifiedNamespace: host, port: 9093, isEmulator: false },
    ],
    [
      'a function',
      { brokers: () => [`${host}:9093`] },
      { fullyQualifiedNamespace: host, port: 9093, isEmulator: false },
    ],
    [
      'an async function',
      { brokers: async () => [`${host}:9093`] },
      { fullyQualifiedNamespace: host, port: 9093, isEmulator: false },
    ],
    [
      'an emulator',
      { brokers: ['localhost:5672'] },
      { fullyQualifiedNamespace: 'localhost', port: 5672, isEmulator: true },
    ],
    [
      'an emulator by address',
      { brokers: ['127.0.0.1:5000'], ssl: false },
      { fullyQualifiedNamespace: '127.0.0.1', port: 5000, isEmulator: true },
    ],
    [
      'an emulator over IPv6',
      { brokers: ['[::1]:5672'] },
      { fullyQualifiedNamespace: '::1', port: 5672, isEmulator: true },
    ],
    [
      'a loopback with TLS',
      { brokers: ['localhost:5671'], ssl: true },
      { fullyQualifiedNamespace: 'localhost', port: 5671, isEmulator: false },
    ],
  ])('finds the namespace of %s', async (_title, config, expected) => {
    await expect(resolve(config)).resolves.toEqual(expected)
  })

  it('finds the namespace of a connection string', async () => {
    const connectionString = `Endpoint=sb://${host}/;SharedAccessKeyName=n;SharedAccessKey=a2V5;EntityPath=orders`
    await expect(resolve({ eventHubs: { connectionString } })).resolves.toEqual({
      fullyQualifiedNamespace: host,
      isEmulator: false,
      connectionString,
    })
    await expect(resolve({ brokers: [`${host}:9093`], eventHubs: { connectionString } })).resolves.toMatchObject({
      connectionString,
    })
    const emulator =
      'Endpoint=sb://localhost:5673;SharedAccessKeyName=n;SharedAccessKey=a2V5;UseDevelopmentEmulator=true;'
    await expect(resolve({ eventHubs: { connectionString: emulator } })).resolves.toMatchObject({
      fullyQualifiedNamespace: 'localhost',
      port: 5673,
      isEmulator: true,
    })
  })

  it('refuses brokers and a connection string of different namespaces, without showing the key', async () => {
    const connectionString = 'Endpoint=sb://other.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5'
    const failure: Error = await resolve({ brokers: [host], eventHubs: { connectionString } }).catch((error) => error)
    expect(failure).toBeInstanceOf(KafkaJSNonRetriableError)
    expect(failure.message).toContain('other.servicebus.windows.net')
    expect(failure.message).not.toContain('a2V5')
    await expect(resolve({ eventHubs: { connectionString: 'SharedAccessKey=a2V5' } })).rejects.toThrow('no Endpoint')
  })

  it('refuses more than one namespace', async () => {
    const failure = resolve({ brokers: [`${host}:9093`, 'b.servicebus.windows.net:9093'] })
    await expect(failure).rejects.toThrow(
      'more than one Event Hubs namespace (ns.servicebus.windows.net and b.servicebus.windows.net)',
    )
    await expect(resolve({ brokers: ['localhost:1', 'localhost:2'] })).rejects.toThrow('more than one')
  })

  const bad: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['an empty array', []],
    ['a number', [1]],
    ['an empty name', [`${host}:9093`, '']],
    ['a function that gives nothing', () => undefined],
    ['a function that gives an empty array', async () => []],
  ]
  it.each(bad)('says of %s what kafkajs says', async (_title, brokers) => {
    const kafka = new kafkajs.Kafka({
      brokers: brokers as never,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 0 },
    })
    const original: Error & { retriable?: boolean } = await kafka
      .admin()
      .connect()
      .catch((error) => error)
    const failure: Error = await resolve({ brokers: brokers as never }).catch((error) => error)
    expect(failure.message.startsWith(original.message)).toBe(true)
    expect(failure).toBeInstanceOf(KafkaJSNonRetriableError)
  })

  it('can be tried again when the function throws', async () => {
    const cause = new Error('no discovery')
    const failure = await resolve({ brokers: () => Promise.reject(cause) }).catch((error) => error)
    expect(failure).toBeInstanceOf(KafkaJSConnectionError)
    expect(failure).toMatchObject({
      message: 'Failed to connect: "config.brokers" threw: no discovery',
      retriable: true,
      cause,
    })
  })

  it('refuses what is no broker', async () => {
    await expect(resolve({ brokers: `${host}:9093` as never })).rejects.toThrow('brokers should be an array')
    await expect(resolve({ brokers: ['Endpoint=sb://x/;a=b'] })).rejects.toThrow('broker at index 0 is not of the form')
  })
})

describe('brokers() that misbehaves', () => {
  it.each(createHostileValues())('by throwing %s is asked again', async (_, thrown) => {
    const brokers = () => {
      throw thrown
    }
    await expect(resolve({ brokers })).rejects.toMatchObject({
      name: 'KafkaJSConnectionError',
      message: expect.stringMatching(/^Failed to connect: "config.brokers" threw: ./),
      retriable: true,
    })
  })

  it('by never answering is given up after connectionTimeout, and asked again', async () => {
    vi.useFakeTimers()
    try {
      const failing = resolve({ brokers: () => new Promise(() => undefined), connectionTimeout: 700 }).catch(
        (error: unknown) => error,
      )
      let outcome: unknown
      void failing.then((error) => {
        outcome = error
      })
      await vi.advanceTimersByTimeAsync(699)
      expect(outcome).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      expect(await failing).toMatchObject({
        name: 'KafkaJSConnectionError',
        message: expect.stringContaining('it gave no answer within 700 ms'),
        retriable: true,
      })
    } finally {
      vi.useRealTimers()
    }
  })

  it.each(createHostileValues().slice(1))('by giving %s is told so', async (_, given) => {
    await expect(resolve({ brokers: () => given as never })).rejects.toMatchObject({
      message: expect.stringMatching(/^Failed to connect: /),
    })
    await expect(resolve({ brokers: () => [given] as never })).rejects.toMatchObject({
      message: expect.stringMatching(/^Failed to connect: /),
    })
  })
})

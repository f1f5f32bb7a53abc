import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Kafka, KafkaJSNonRetriableError, logLevel, Partitioners } from '../../src/index.js'
import type { KafkaConfig, LogEntry } from '../../src/types/index.js'
import { kafkajs } from './kafkajs.js'

const brokers = ['localhost:1']
const ours = (config: Partial<KafkaConfig> = {}) => new Kafka({ brokers, logLevel: logLevel.NOTHING, ...config })
const theirs = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })

const config = { groupId: 'g' }
const clients = {
  producer: [() => ours().producer(), () => theirs.producer()],
  consumer: [() => ours().consumer(config), () => theirs.consumer(config)],
  admin: [() => ours().admin(), () => theirs.admin()],
} as const

beforeEach(() => vi.stubEnv('KAFKAJS_NO_PARTITIONER_WARNING', '1'))
afterEach(() => vi.unstubAllEnvs())

describe.each(Object.entries(clients))('%s', (name, [mine, original]) => {
  it('has the members of kafkajs, its own, in their order', () => {
    expect(Object.keys(mine())).toEqual(Object.keys(original()))
    expect(Object.getPrototypeOf(mine())).toBe(Object.prototype)
  })

  it('can be patched, and used in pieces', async () => {
    const client = mine() as unknown as Record<string, unknown>
    for (const [key, { writable, enumerable, configurable }] of Object.entries(
      Object.getOwnPropertyDescriptors(client),
    ))
      expect([key, writable, enumerable, configurable]).toEqual([key, true, true, true])
    const { on, logger, disconnect } = client as unknown as ReturnType<typeof ours>['producer'] extends () => infer P
      ? P
      : never
    expect(() => on(`${name}.connect` as never, () => {})()).not.toThrow()
    expect(logger()).toBeDefined()
    await expect(disconnect()).resolves.toBeUndefined()
  })

  it('is disposed of by disconnecting, whatever disconnect is by then', async () => {
    const client = mine() as unknown as AsyncDisposable & { disconnect(): Promise<void> }
    const disconnect = vi.fn(async () => {})
    client.disconnect = disconnect
    await client[Symbol.asyncDispose]()
    expect(disconnect).toHaveBeenCalledTimes(1)
  })

  it('has the events of kafkajs', () => {
    expect(mine().events).toEqual(original().events)
    const on = mine().on as (event: string, listener: () => void) => void
    expect(() => on('nonsense', () => {})).toThrow(KafkaJSNonRetriableError)
  })
})

describe('Kafka', () => {
  it('must be constructed, with something', () => {
    expect(() => (Kafka as unknown as () => void)()).toThrow(TypeError)
    expect(() => new Kafka(undefined as never)).toThrow(TypeError)
    expect(() => new Kafka({} as never)).not.toThrow()
  })

  it('has its methods on the prototype, where tracing libraries wrap them', () => {
    for (const method of ['producer', 'consumer', 'admin', 'logger'] as const) {
      expect(Object.hasOwn(Kafka.prototype, method)).toBe(true)
      const wrapped = vi.spyOn(Kafka.prototype, method)
      ;(ours()[method] as (given?: unknown) => unknown)(config)
      expect(wrapped).toHaveBeenCalledTimes(1)
      wrapped.mockRestore()
    }
    expect(Object.keys(ours())).toEqual([])
  })

  it('can be extended, and stands behind a Proxy', () => {
    class Traced extends Kafka {
      override producer(...args: Parameters<Kafka['producer']>) {
        return Object.assign(super.producer(...args), { traced: true })
      }
    }
    expect(new Traced({ brokers }).producer()).toMatchObject({ traced: true })
    expect(Object.keys(new Proxy(ours(), {}).producer())).toContain('send')
  })

  it('calls logCreator once, with the level', () => {
    const logCreator = vi.fn(() => () => {})
    const kafka = ours({ logLevel: logLevel.WARN, logCreator })
    kafka.producer()
    kafka.admin()
    expect(logCreator.mock.calls).toEqual([[logLevel.WARN]])
  })

  it('shares the level among the loggers of its clients', () => {
    const entries: LogEntry[] = []
    const kafka = ours({ logCreator: () => (entry) => void entries.push(entry) })
    const producer = kafka.producer()
    kafka.admin().logger().setLogLevel(logLevel.INFO)
    producer.logger().info('heard')
    kafka.logger().info('heard too')
    expect(entries.map(({ namespace, log }) => [namespace, log.message])).toEqual([
      ['Producer', 'heard'],
      [undefined, 'heard too'],
    ])
  })

  it('throws what kafkajs throws when clients are made', () => {
    const message = 'Consumer groupId must be a non-empty string.'
    expect(() => theirs.consumer(undefined as never)).toThrow(message)
    expect(() => ours().consumer(undefined as never)).toThrow(message)
  })
})

describe('the warnings', () => {
  const logging = async (env: string | undefined, use: (kafka: Kafka) => void) => {
    vi.stubEnv('KAFKAJS_NO_PARTITIONER_WARNING', env)
    vi.resetModules()
    const fresh = await import('../../src/index.js')
    const entries: LogEntry[] = []
    const logCreator = () => (entry: LogEntry) => void entries.push(entry)
    for (let instance = 0; instance < 2; instance++) use(new fresh.Kafka({ brokers, logCreator }) as Kafka)
    return entries.map(({ namespace, label, log }) => [namespace, label, log.message])
  }

  it('speak of the default partitioner once per process', async () => {
    const said = await logging(undefined, (kafka) => kafka.producer())
    expect(said).toEqual([[undefined, 'WARN', expect.stringContaining('KAFKAJS_NO_PARTITIONER_WARNING')]])
    expect(said[0]![2]).toMatch(/LegacyPartitioner.*migration-guide-v2\.0\.0#producer-new-default-partitioner/)
  })

  it('say nothing to those who chose, or do not want to hear', async () => {
    const createPartitioner = Partitioners.DefaultPartitioner
    expect(await logging(undefined, (kafka) => kafka.producer({ createPartitioner }))).toEqual([])
    expect(await logging('', (kafka) => kafka.producer())).toEqual([])
  })

  it('speak of limited retries of an idempotent producer', async () => {
    const limited = { idempotent: true, retry: { retries: 3 } }
    const [said] = await logging('1', (kafka) => kafka.producer(limited))
    expect(said).toEqual([
      'Producer',
      'WARN',
      'Limiting retries for the idempotent producer may invalidate EoS guarantees',
    ])
    expect(await logging('1', (kafka) => kafka.producer({ idempotent: true }))).toEqual([])
  })
})

import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { readDiagnostics } from '../../src/diagnostics.js'
import { Kafka, type KafkaConfig, logLevel } from '../../src/index.js'
import { eventually } from '../support/eventually.js'
import { openEmulator } from '../support/harness.js'

const key = 'dGhlLWtleS10aGF0LW5vYm9keS1tYXktc2Vl'
const wrongKey = 'YS13cm9uZy1rZXktdGhhdC1ub2JvZHktbWF5LXNlZQ'
const claims = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 3600, aud: 'nobody' })).toString(
  'base64url',
)
const jwt = `eyJhbGciOiJub25lIn0.${claims}.dGhlLXNpZ25hdHVyZQ`
const signature = 'c2lnbmF0dXJlLXRoYXQtbm9ib2R5LW1heS1zZWU='

/** What must not be seen: keys, and everything signed with them that could be used again. */
const secrets = [key, wrongKey, jwt, claims, signature, encodeURIComponent(signature)]
const signed = /sig=(?!\[redacted\])[\w%+/]{8,}/

/** Everything said while `run` goes on: log entries of every level, events, errors, the console. */
async function everythingSaid(config: KafkaConfig, run: (kafka: Kafka, listen: Listen) => Promise<void>) {
  const said: string[] = []
  const note = (value: unknown) => {
    said.push(inspect(value, { depth: 12, maxStringLength: null, showHidden: true }))
    if (value instanceof Error) said.push(String(value.stack), JSON.stringify(value))
  }
  const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => note(args)),
  )
  const listen: Listen = (client) => {
    const on = client.on as (name: string, listener: (event: unknown) => void) => void
    for (const name of Object.values(client.events)) on(name, note)
    return client
  }
  try {
    const kafka = new Kafka({
      retry: { retries: 1, initialRetryTime: 10 },
      connectionTimeout: 2000,
      ...config,
      logLevel: logLevel.DEBUG,
      logCreator: () => note,
    })
    note(kafka)
    const looking = setInterval(() => note(readDiagnostics(kafka)), 20)
    await run(kafka, listen)
      .catch(note)
      .finally(() => clearInterval(looking))
  } catch (error) {
    note(error)
  } finally {
    for (const spy of consoles) spy.mockRestore()
  }
  return said.join('\n')
}

type Listen = <C extends { events: object; on: unknown }>(client: C) => C

const expectNoSecrets = (said: string) => {
  for (const secret of secrets) expect(said).not.toContain(secret)
  expect(said).not.toMatch(signed)
}

/** Sends, reads and administers. */
async function use(kafka: Kafka, topic: string, listen: Listen): Promise<void> {
  const [producer, consumer, admin] = [
    listen(kafka.producer()),
    listen(kafka.consumer({ groupId: 'g' })),
    listen(kafka.admin()),
  ]
  const failures: unknown[] = []
  const attempt = (step: () => Promise<unknown>) => step().catch((error) => failures.push(error))
  try {
    await attempt(() => producer.connect())
    await attempt(() => producer.send({ topic, messages: [{ key: 'k', value: 'hello' }] }))
    await attempt(() => admin.listTopics())
    await attempt(() => admin.fetchTopicOffsets(topic))
    await attempt(() => consumer.subscribe({ topic, fromBeginning: true }))
    let received = 0
    let crashed = false
    consumer.on(consumer.events.CRASH, () => {
      crashed = true
    })
    await attempt(() => consumer.run({ eachMessage: async () => void received++ }))
    if (failures.length === 0)
      await eventually(() => {
        if (received === 0 && !crashed) throw new Error('Nothing was received')
      })
  } finally {
    await Promise.allSettled([producer.disconnect(), consumer.disconnect(), admin.disconnect()])
  }
  if (failures.length > 0) throw new AggregateError(failures, 'several steps failed')
}

const open = () => openEmulator({ sharedAccessKeys: [{ name: 'root', key }] })

describe('secrets', () => {
  it('are not told when all goes well', async () => {
    await using target = await open()
    const topic = await target.createTopic()
    const { connectionString } = target.emulator
    expect(connectionString).toContain(key)
    const forms: KafkaConfig[] = [
      target.config(),
      { ...target.config(), sasl: { mechanism: 'plain', username: '$ConnectionString', password: connectionString } },
      { ...target.config(), sasl: { mechanism: 'plain', username: 'root', password: key } },
    ]
    for (const form of forms) {
      const said = await everythingSaid(form, (kafka, listen) => use(kafka, topic, listen))
      expect(said).toContain('Consumer has joined the group')
      expect(said).not.toContain('several steps failed')
      expectNoSecrets(said)
    }
  })

  it('are not told when the key is wrong', async () => {
    await using target = await open()
    const topic = await target.createTopic()
    const sasl = { mechanism: 'plain', username: 'root', password: wrongKey } as const
    const said = await everythingSaid({ brokers: [`localhost:${target.emulator.port}`], sasl }, (kafka, listen) =>
      use(kafka, topic, listen),
    )
    expect(said).toContain('KafkaJSSASLAuthenticationError')
    expectNoSecrets(said)
  })

  it('are not told when nobody listens, or the connection string is odd', async () => {
    const odd = [
      `Endpoint=sb://localhost:1;SharedAccessKeyName=root;SharedAccessKey=${key};UseDevelopmentEmulator=true`,
      `SharedAccessKeyName=root;SharedAccessKey=${key}`,
      `Endpoint=sb://localhost:1;SharedAccessKey=${key}`,
      `Endpoint=sb://localhost:1;SharedAccessSignature=SharedAccessSignature sr=x&sig=${encodeURIComponent(signature)}&se=1&skn=root;UseDevelopmentEmulator=true`,
      `nonsense ${key}`.replace('nonsense', 'SharedAccessKey ='),
    ]
    for (const connectionString of odd) {
      const said = await everythingSaid(
        { eventHubs: { connectionString } } as unknown as KafkaConfig,
        (kafka, listen) => use(kafka, 'orders', listen),
      )
      expect(said).toMatch(/KafkaJS\w+/)
      expectNoSecrets(said)
    }
  })

  it('are not told when a token provider or its token fails', async () => {
    await using target = await open()
    const topic = await target.createTopic()
    const providers = [
      async () => ({ value: jwt }),
      async () => Promise.reject(new Error(`POST https://login refused Authorization: Bearer ${jwt}`)),
      async () => ({ value: 'no token at all' }),
    ]
    for (const oauthBearerProvider of providers) {
      const said = await everythingSaid(
        { brokers: [`localhost:${target.emulator.port}`], sasl: { mechanism: 'oauthbearer', oauthBearerProvider } },
        (kafka, listen) => use(kafka, topic, listen),
      )
      expect(said).toContain('several steps failed')
      expectNoSecrets(said)
    }
  })

  it('would be found by this test', async () => {
    const said = await everythingSaid({ brokers: ['localhost:1'] }, async (kafka) => {
      kafka.logger().info('nothing secret')
      throw Object.assign(new Error('plain'), { password: key })
    })
    expect(said).toContain(key)
  })
})

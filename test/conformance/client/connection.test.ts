import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Kafka, type LogEntry, logLevel, type RequestEvent } from '../../../src/index.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

const clients = ['producer', 'consumer', 'admin'] as const

function make(kafka: Kafka, kind: (typeof clients)[number]) {
  if (kind === 'producer') return kafka.producer()
  return kind === 'consumer' ? kafka.consumer({ groupId: 'connecting', retry: { retries: 3 } }) : kafka.admin()
}

describe.each(clients)('connecting a %s', (kind) => {
  it('tells of each retry and of the success after it, as of one request', async () => {
    await using target = await openEmulator()
    const logged: LogEntry[] = []
    let resolved = 0
    const config = target.config()
    const kafka = new Kafka({
      ...config,
      brokers: async () => (resolved++ === 0 ? ['localhost:1'] : [`localhost:${target.emulator.port}`]),
      logLevel: logLevel.INFO,
      logCreator: () => (entry) => void logged.push(entry),
      retry: { initialRetryTime: 10, retries: 3 },
      sasl: {
        mechanism: 'plain',
        username: '$ConnectionString',
        password: target.emulator.connectionString,
      },
      eventHubs: {},
    })
    const client = make(kafka, kind)
    const requests: string[] = []
    const on = client.on as (name: string, listener: (event: RequestEvent) => void) => void
    on(client.events.REQUEST, ({ payload }) => requests.push(payload.apiName))
    await client.connect()
    const messages = logged.filter(({ log }) => /onnect/.test(log.message))
    expect(messages.map(({ level, log }) => [level, log.message.replace(/: .*/, ''), log['retryCount']])).toEqual([
      [logLevel.ERROR, 'Failed to connect, trying again', 0],
      [logLevel.INFO, 'Connected', 1],
    ])
    expect(messages[0]?.log['retryTime']).toEqual(expect.any(Number))
    expect(requests).toEqual(['ApiVersions'])
    await client.disconnect()
  })

  it('connects anew after a failure and after a disconnect', async () => {
    await using target = await openEmulator()
    let isThere = false
    const config = target.config({ logLevel: logLevel.NOTHING, retry: { initialRetryTime: 1, retries: 1 } })
    const kafka = new Kafka({
      ...config,
      eventHubs: {},
      sasl: { mechanism: 'plain', username: '$ConnectionString', password: target.emulator.connectionString },
      brokers: async () => [isThere ? `localhost:${target.emulator.port}` : 'localhost:1'],
    })
    const client = make(kafka, kind)
    await expect(client.connect()).rejects.toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded' })
    isThere = true
    for (const _ of [1, 2]) {
      await client.connect()
      await client.disconnect()
    }
  })

  it('ends with disconnect(), whatever is being tried', async () => {
    const kafka = new Kafka({
      brokers: ['localhost:1'],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 60_000, retries: 5 },
    })
    const client = make(kafka, kind)
    const connecting = client.connect()
    await client.disconnect()
    // As in kafkajs it resolves: programs leave it unawaited, and are not to end with an unhandled rejection.
    await expect(connecting).resolves.toBeUndefined()
  })
})

it('beyond the connections that a namespace takes, connecting says so, and goes on when there is room again', async () => {
  await using target = await openEmulator({ maxConnections: 1 })
  const log: string[] = []
  const logCreator =
    () =>
    ({ log: { message } }: LogEntry) =>
      void log.push(message)
  const retry = { initialRetryTime: 20, maxRetryTime: 20, retries: 1000 }
  const kafka = new Kafka(target.config({ logLevel: logLevel.ERROR, logCreator, retry }))
  const socket = connect(target.emulator.port, '127.0.0.1')
  socket.write('AMQP\0\x01\0\0')
  await eventually(() => target.emulator.stats.openConnections === 1)
  const admin = kafka.admin()
  const connecting = admin.connect()
  await Promise.race([connecting, eventually(() => log.some((text) => text.includes('ConnectionsQuotaExceeded')))])
  socket.destroy()
  await connecting
  await admin.disconnect()
})

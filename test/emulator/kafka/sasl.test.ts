import { SignJWT } from 'jose'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { type EmulatorOptions, startEmulator } from '../../../src/emulator/index.js'
import { createCertificate } from '../../support/certificate.js'
import { eventually } from '../../support/eventually.js'
import { RawClient } from './raw-client.js'

const secret = 'a secret of thirty-two characters'
const eventHubs = [{ name: 'orders' }, { name: 'others' }]
const sharedAccessKeys: EmulatorOptions['sharedAccessKeys'] = [
  { name: 'root', key: 'root-key' },
  { name: 'sender', key: 'sender-key', claims: ['Send'] },
  { name: 'listener', key: 'listener-key', claims: ['Listen'] },
  { name: 'one', key: 'one-key', eventHub: 'orders' },
]

function jwt({ expiresIn = '1h', roles }: { expiresIn?: string; roles?: string[] } = {}): Promise<string> {
  return new SignJWT(roles ? { roles } : {})
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(secret))
}

/** What a program that produces, looks around and joins a group gets to hear. */
async function tryAll(kafka: Kafka) {
  const outcome = async (step: () => Promise<unknown>) => {
    try {
      await step()
      return 'ok'
    } catch (error) {
      const { type, name, cause } = error as { type?: string; name: string; cause?: { type?: string } }
      return type ?? cause?.type ?? name
    }
  }
  const producer = kafka.producer({ retry: { retries: 2, initialRetryTime: 10 } })
  const admin = kafka.admin({ retry: { retries: 2, initialRetryTime: 10 } })
  try {
    return {
      produce: await outcome(async () => {
        await producer.connect()
        await producer.send({ topic: 'orders', messages: [{ value: 'v' }] })
      }),
      other: await outcome(() => producer.send({ topic: 'others', messages: [{ value: 'v' }] })),
      groups: await outcome(async () => {
        await admin.connect()
        await admin.fetchOffsets({ groupId: 'g', topics: ['orders'] })
      }),
      create: await outcome(() => admin.createTopics({ topics: [{ topic: 'new' }], waitForLeaders: false })),
    }
  } finally {
    await Promise.allSettled([producer.disconnect(), admin.disconnect()])
  }
}

describe('who may do what', () => {
  const config = { clientId: 'test', logLevel: logLevel.NOTHING, retry: { retries: 2, initialRetryTime: 10 } }
  const refused = 'TOPIC_AUTHORIZATION_FAILED'

  it('is what the key of the connection string says', async () => {
    await using emulator = await startEmulator({ eventHubs, sharedAccessKeys })
    const tryKey = (keyName: string) => tryAll(new Kafka({ ...config, ...emulator.kafkaEndpointConfig({ keyName }) }))
    expect(await tryKey('root')).toEqual({ produce: 'ok', other: 'ok', groups: 'ok', create: 'ok' })
    expect(await tryKey('sender')).toMatchObject({ produce: 'ok', groups: 'KafkaJSGroupCoordinatorNotFound' })
    expect(await tryKey('listener')).toMatchObject({ produce: refused, groups: 'ok' })
    expect(await tryKey('one')).toMatchObject({ produce: 'ok', other: refused, groups: 'ok' })
    expect(emulator.eventHubs.get('new')).toBeDefined()
  })

  it.each<[string, SASLOptions]>([
    ['a wrong key', plain('$ConnectionString', 'SharedAccessKeyName=root;SharedAccessKey=other')],
    ['another user', plain('root', 'root-key')],
    ['no connection string', plain('$ConnectionString', 'root-key')],
    ['an unknown mechanism', { mechanism: 'scram-sha-256', username: 'u', password: 'p' }],
  ])('is nothing with %s', async (_what, sasl) => {
    await using emulator = await startEmulator({ eventHubs, sharedAccessKeys })
    const admin = new Kafka({ ...config, ...emulator.kafkaEndpointConfig(), sasl }).admin()
    await expect(admin.connect()).rejects.toMatchObject({ name: expect.stringMatching(/SASL|NonRetriable|Protocol/) })
    await admin.disconnect()
    await eventually(() => emulator.stats.openKafkaConnections === 0)
  })

  it('is what the roles of a token say, over TLS as without', async () => {
    const certificate = createCertificate()
    await using emulator = await startEmulator({ eventHubs, jwt: { secret }, tls: certificate })
    const tryToken = async (token: string) =>
      tryAll(
        new Kafka({
          ...config,
          ...emulator.kafkaEndpointConfig(),
          ssl: { ca: [certificate.cert] },
          sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) },
        }),
      )
    expect(await tryToken(await jwt())).toEqual({ produce: 'ok', other: 'ok', groups: 'ok', create: 'ok' })
    const roles = ['Azure Event Hubs Data Receiver']
    expect(await tryToken(await jwt({ roles }))).toMatchObject({ produce: refused, groups: 'ok' })
    expect(await tryToken('no.token.atall')).toMatchObject({ groups: 'KafkaJSSASLAuthenticationError' })
    expect(await tryToken(await jwt({ expiresIn: '-1m' }))).toMatchObject({ groups: 'KafkaJSSASLAuthenticationError' })
  })

  it('ends with the token: the next request ends the connection, and the client comes again', async () => {
    await using emulator = await startEmulator({ eventHubs, sharedAccessKeys })
    const kafka = new Kafka({ ...config, retry: { initialRetryTime: 10 }, ...emulator.kafkaEndpointConfig() })
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'v' }] })
    expect(await emulator.faults.expireTokens()).toBeGreaterThan(0)
    await producer.send({ topic: 'orders', messages: [{ value: 'v' }] })
    await producer.disconnect()
    expect(emulator.eventHubs.get('orders')?.events()).toHaveLength(2)
  })

  it('is nothing before SASL, unless SASL is optional', async () => {
    await using closed = await startEmulator({ eventHubs, sharedAccessKeys })
    using stranger = new RawClient(closed.port)
    expect(await stranger.ask('ApiVersions', 0, {})).toMatchObject({ errorCode: 0 })
    await expect(stranger.ask('Metadata', 1, { topics: null })).rejects.toThrow('closed')

    await using open = await startEmulator({ eventHubs, kafka: { sasl: 'optional' } })
    const kafka = new Kafka({ ...config, brokers: [`localhost:${open.port}`] })
    expect(await tryAll(kafka)).toEqual({ produce: 'ok', other: 'ok', groups: 'ok', create: 'ok' })
  })

  it('is asked for again on the same connection, and a bare token is taken', async () => {
    await using emulator = await startEmulator({ eventHubs, sharedAccessKeys })
    using client = new RawClient(emulator.port)
    expect(await client.login(emulator.connectionString)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 })
    expect(await client.login(emulator.connectionString)).toMatchObject({ errorCode: 0 })
    expect(await client.ask('Metadata', 9, { topics: [] })).toMatchObject({ topics: [] })
    await expect(client.login('SharedAccessKey=wrong')).resolves.toMatchObject({ errorCode: 58 })
    await client.closed

    using old = new RawClient(emulator.port)
    await old.ask('SaslHandshake', 0, { mechanism: 'PLAIN' })
    const token = Buffer.from(`user\0$ConnectionString\0${emulator.connectionString}`)
    const answer = old.frame()
    const size = Buffer.alloc(4)
    size.writeInt32BE(token.length)
    old.socket.write(Buffer.concat([size, token]))
    expect(await answer).toHaveLength(0)
    expect(await old.ask('Metadata', 0, { topics: [] })).toMatchObject({
      topics: [{ name: 'orders' }, { name: 'others' }],
    })
  })
})

function plain(username: string, password: string): SASLOptions {
  return { mechanism: 'plain', username, password }
}

import { type AuthProvider, Kafka, sasAuth } from 'kafkajs-eventhubs'
import { type Emulator, startEmulator } from 'kafkajs-eventhubs/emulator'
import { expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'

const keyOf = (key: string) => ({ name: 'policy', key })

const open = () =>
  startEmulator({ sharedAccessKeys: [keyOf('old')], eventHubs: [{ name: 'orders', partitionCount: 1 }] })

/** A consumer that has read, a producer that has sent and an admin client that has asked. */
async function openClients(emulator: Emulator, auth: AuthProvider) {
  const retry = { initialRetryTime: 20, retries: 4, maxRetryTime: 200 }
  const warnings: string[] = []
  const kafka = new Kafka({
    ...emulator.kafkaConfig({ clientId: 'rotation' }),
    eventHubs: { auth },
    retry,
    logCreator:
      () =>
      ({ label, log }) => {
        if (label === 'WARN') warnings.push(log.message)
      },
  })
  const [producer, admin, consumer] = [kafka.producer(), kafka.admin(), kafka.consumer({ groupId: 'rotation', retry })]
  const handled: string[] = []
  const crashed = new Promise<{ error: Error; restart: boolean }>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload))
  })
  const isHandled = (value: string) => eventually(() => handled.includes(value))
  const has = (value: string) => Promise.race([isHandled(value), crashed.then(({ error }) => Promise.reject(error))])
  await Promise.all([producer.connect(), admin.connect(), consumer.connect()])
  await producer.send({ topic: 'orders', messages: [{ value: 'before' }] })
  await Promise.all([admin.fetchTopicOffsets('orders'), admin.listTopics()])
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void handled.push(String(message.value)) })
  await has('before')
  return {
    producer,
    admin,
    has,
    isHandled,
    crashed,
    warnings,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect(), consumer.disconnect()])
    },
  }
}

it.each([
  ['at once', 0],
  ['after a while', 3],
])('goes on when a key was rotated and the provider has the new one %s', async (_, stale) => {
  await using emulator = await open()
  let key = 'old'
  let staleAnswers = 0
  const auth = { getCredential: () => keyOf(staleAnswers-- > 0 ? 'old' : key) }
  await using clients = await openClients(emulator, auth)
  key = 'new'
  staleAnswers = stale
  emulator.setSharedAccessKeys([keyOf('new')])
  // Links are opened again, and questions asked, over other connections.
  await emulator.faults.dropConnections()
  await clients.producer.send({ topic: 'orders', messages: [{ value: 'after' }] })
  await clients.has('after')
  expect(await clients.admin.fetchTopicOffsets('orders')).toHaveLength(1)
  expect(await clients.admin.listTopics()).toEqual(['orders'])
  expect(clients.warnings).toContainEqual(expect.stringContaining('The service refused the credential'))
})

it('opens links again that the service ends for their token', async () => {
  await using emulator = await open()
  await using clients = await openClients(emulator, { getCredential: () => keyOf('old') })
  const description = 'InvalidSignature: The token has an invalid signature.'
  await emulator.faults.detachLinks({ condition: 'amqp:unauthorized-access', description })
  await clients.producer.send({ topic: 'orders', messages: [{ value: 'after' }] })
  await clients.has('after')
})

it.each([
  ['a provider', { getCredential: () => keyOf('old') }],
  ['a fixed key', undefined],
])('crashes the consumer, and rejects, when %s has no other than the refused key', async (_, auth) => {
  await using emulator = await open()
  await using clients = await openClients(emulator, auth ?? sasAuth({ keyName: 'policy', key: 'old' }))
  emulator.setSharedAccessKeys([keyOf('new')])
  await emulator.faults.dropConnections()
  const { error, restart } = await clients.crashed
  // What a provider gives may change, a key may not.
  expect(restart).toBe(auth !== undefined)
  const chain: unknown[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) chain.push(at.name)
  expect(chain).toContain('KafkaJSSASLAuthenticationError')
  const refused = { name: 'KafkaJSSASLAuthenticationError' }
  await expect(clients.producer.send({ topic: 'orders', messages: [{ value: 'x' }] })).rejects.toMatchObject(refused)
  await expect(clients.admin.fetchTopicOffsets('orders')).rejects.toMatchObject(refused)
  await expect(clients.admin.listTopics()).rejects.toMatchObject(refused)
  if (!auth) expect(clients.warnings.filter((text) => text.includes('asking for another'))).toEqual([])
})

it('starts a crashed consumer again until the provider has the new key', async () => {
  await using emulator = await open()
  let key = 'old'
  await using clients = await openClients(emulator, { getCredential: () => keyOf(key) })
  emulator.setSharedAccessKeys([keyOf('new')])
  await emulator.faults.dropConnections()
  await clients.crashed
  key = 'new'
  await clients.producer.send({ topic: 'orders', messages: [{ value: 'after' }] })
  await clients.isHandled('after')
})

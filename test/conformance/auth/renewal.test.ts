import { SignJWT } from 'jose'
import { Kafka, oauthBearerAuth } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'
import { expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'

const secret = 'a secret of the issuer and the emulator alone'

function issueToken(seconds: number): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(secret))
}

/** Traffic for a while; what was sent, what arrived, and the longest time in which nothing arrived. */
async function traffic(kafka: Kafka, topic: string, seconds: number, onConnected = () => {}) {
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'renewal' })
  const arrived: string[] = []
  let last = 0
  let longestGap = 0
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const crashes: Error[] = []
  consumer.on(consumer.events.CRASH, ({ payload }) => void crashes.push(payload.error))
  await consumer.run({
    async eachMessage({ message }) {
      const now = performance.now()
      if (last) longestGap = Math.max(longestGap, now - last)
      last = now
      if (String(message.value) !== 'connected') arrived.push(String(message.value))
    },
  })
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'connected' }] })
  onConnected()
  const until = performance.now() + seconds * 1000
  const sent: string[] = []
  while (performance.now() < until) {
    const value = String(sent.length)
    await producer.send({ topic, messages: [{ key: value, value }] })
    sent.push(value)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await eventually(() => arrived.length >= sent.length)
  await Promise.all([producer.disconnect(), consumer.disconnect()])
  return { sent, arrived, longestGap, crashes }
}

it('renews ten-second tokens through a minute of traffic', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'renewal' }] })
  let requests = 0
  const auth = oauthBearerAuth(async () => {
    requests++
    return { value: await issueToken(10) }
  })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'renewal' }), eventHubs: { auth }, logLevel: 1 })
  const { sent, arrived, longestGap, crashes } = await traffic(kafka, 'renewal', 60)
  expect(crashes).toEqual([])
  // A link that a busy machine let expire was opened again, and what was in doubt sent again: at least once.
  expect([...new Set(arrived)].toSorted()).toEqual(sent.toSorted())
  expect(longestGap).toBeLessThan(scaled(2000))
  // Two clients; a token of ten seconds, its second cut off, must be replaced after nine at the latest.
  expect(requests).toBeLessThanOrEqual(scaled(2 * 9))
})

it('goes on when the provider fails now and then', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'hiccups' }] })
  let [requests, isConnected] = [0, false]
  const auth = oauthBearerAuth(async () => {
    // A first token that can't be had is told at once; it is renewing that goes on.
    if (isConnected && ++requests % 2 === 0) throw new Error('the issuer hiccups')
    return { value: await issueToken(3) }
  })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'hiccups' }), eventHubs: { auth }, logLevel: 0 })
  const { sent, arrived, longestGap, crashes } = await traffic(kafka, 'hiccups', 8, () => {
    isConnected = true
  })
  expect(crashes).toEqual([])
  // A link that a busy machine let expire was opened again, and what was in doubt sent again: at least once.
  expect([...new Set(arrived)].toSorted()).toEqual(sent.toSorted())
  expect(longestGap).toBeLessThan(scaled(2000))
})

it('crashes the consumer, with the cause, when the provider keeps failing', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'gone' }] })
  const cause = new Error('the issuer is gone')
  let isGone = false
  const auth = oauthBearerAuth(async () => {
    if (isGone) throw cause
    return { value: await issueToken(3) }
  })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'gone' }), eventHubs: { auth }, logLevel: 0 })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'gone' })
  await producer.connect()
  await producer.send({ topic: 'gone', messages: [{ value: 'x' }] })
  await consumer.subscribe({ topics: ['gone'], fromBeginning: true })
  const crashed = new Promise<{ error: Error; restart: boolean }>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload))
  })
  await new Promise<void>((resolve) => {
    void consumer.run({ eachMessage: async () => resolve() })
  })
  isGone = true
  const { error } = await crashed
  const chain: unknown[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) chain.push(at)
  expect(chain).toContainEqual(expect.objectContaining({ name: 'KafkaJSSASLAuthenticationError' }))
  expect(chain).toContain(cause)
  await expect(producer.send({ topic: 'gone', messages: [{ value: 'y' }] })).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
  })
  await Promise.all([producer.disconnect(), consumer.disconnect()])
})

import { SignJWT } from 'jose'
import { type AuthProvider, type Consumer, Kafka, oauthBearerAuth } from 'kafkajs-eventhubs'
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

/** Each client has a provider of its own: failures that one has met are not another's. */
const authOfEachClient = (createProvider: () => Parameters<typeof oauthBearerAuth>[0]): AuthProvider => ({
  getCredential: (target) => oauthBearerAuth(createProvider()).getCredential(target),
})

/** Rejects when the consumer crashes: what waits for something else is to hear of it at once, and why. */
function crashOf(consumer: Consumer): Promise<never> {
  const crash = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  })
  crash.catch(() => {})
  return crash
}

/** Traffic for a while, all of which arrives; the longest time in which nothing arrived. */
async function traffic(kafka: Kafka, topic: string, seconds: number, onConnected = () => {}) {
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'renewal' })
  const arrived = new Set<string>()
  let last = 0
  let longestGap = 0
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const crash = crashOf(consumer)
  await consumer.run({
    async eachMessage({ message }) {
      const now = performance.now()
      if (last) longestGap = Math.max(longestGap, now - last)
      last = now
      if (String(message.value) !== 'connected') arrived.add(String(message.value))
    },
  })
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'connected' }] })
  onConnected()
  const until = performance.now() + seconds * 1000
  const sent: string[] = []
  while (performance.now() < until) {
    const value = String(sent.length)
    await Promise.race([producer.send({ topic, messages: [{ key: value, value }] }), crash])
    sent.push(value)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // At least once: a link that a busy machine let expire was opened again, and what was in doubt sent again.
  const allArrived = eventually(() => expect(sent.filter((value) => !arrived.has(value))).toEqual([]))
  await Promise.race([allArrived, crash])
  expect(arrived.size).toBe(sent.length)
  await Promise.all([producer.disconnect(), consumer.disconnect()])
  return { longestGap }
}

it('renews ten-second tokens through a minute of traffic', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'renewal' }] })
  let requests = 0
  const auth = oauthBearerAuth(async () => {
    requests++
    return { value: await issueToken(10) }
  })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'renewal' }), eventHubs: { auth }, logLevel: 1 })
  const { longestGap } = await traffic(kafka, 'renewal', 60)
  expect(longestGap).toBeLessThan(scaled(2000))
  // Two clients; a token of ten seconds, its second cut off, must be replaced after nine at the latest.
  expect(requests).toBeLessThanOrEqual(scaled(2 * 9))
})

it('goes on when the provider fails now and then', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'hiccups' }] })
  let isConnected = false
  const auth = authOfEachClient(() => {
    let requests = 0
    return async () => {
      // A first token that can't be had is told at once; it is renewing that goes on.
      if (isConnected && ++requests % 2 === 0) throw new Error('the issuer hiccups')
      return { value: await issueToken(3) }
    }
  })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'hiccups' }), eventHubs: { auth }, logLevel: 0 })
  await traffic(kafka, 'hiccups', 8, () => {
    isConnected = true
  })
})

it('goes on when links are opened again while the provider fails for a while', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'again' }] })
  let failures = 0
  const auth = authOfEachClient(() => {
    let failed = 0
    return async () => {
      if (failed < failures) throw new Error(`the issuer hiccups, ${++failed}`)
      return { value: await issueToken(600) }
    }
  })
  const config = emulator.kafkaConfig({ clientId: 'again' })
  const kafka = new Kafka({ ...config, eventHubs: { auth }, retry: { initialRetryTime: 50 }, logLevel: 0 })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'again' })
  const crash = crashOf(consumer)
  const handled: string[] = []
  const has = (value: string) => Promise.race([eventually(() => handled.includes(value)), crash])
  await producer.connect()
  await consumer.subscribe({ topics: ['again'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void handled.push(String(message.value)) })
  await producer.send({ topic: 'again', messages: [{ value: 'before' }] })
  await has('before')
  failures = 4
  await emulator.faults.expireTokens()
  await producer.send({ topic: 'again', messages: [{ value: 'after' }] })
  await has('after')
  await Promise.all([producer.disconnect(), consumer.disconnect()])
})

it('crashes the consumer, with the cause, when the provider keeps failing, and starts it again until it works', async () => {
  await using emulator = await startEmulator({ jwt: { secret }, eventHubs: [{ name: 'gone' }] })
  const cause = new Error('the issuer is gone')
  let isGone = false
  const auth = oauthBearerAuth(async () => {
    if (isGone) throw cause
    return { value: await issueToken(3) }
  })
  const retry = { initialRetryTime: 50, retries: 3, maxRetryTime: 200 }
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'gone' }), eventHubs: { auth }, retry, logLevel: 0 })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'gone', retry })
  await producer.connect()
  await producer.send({ topic: 'gone', messages: [{ value: 'x' }] })
  await consumer.subscribe({ topics: ['gone'], fromBeginning: true })
  const crashed = new Promise<{ error: Error; restart: boolean }>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload))
  })
  const handled: string[] = []
  void consumer.run({ eachMessage: async ({ message }) => void handled.push(String(message.value)) })
  await eventually(() => handled.includes('x'))
  isGone = true
  const { error, restart } = await crashed
  expect(restart).toBe(true)
  const chain: unknown[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) chain.push(at)
  expect(chain).toContainEqual(expect.objectContaining({ name: 'KafkaJSSASLAuthenticationError' }))
  expect(chain).toContain(cause)
  await expect(producer.send({ topic: 'gone', messages: [{ value: 'y' }] })).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
  })
  // Several times it finds no issuer.
  let crashes = 0
  consumer.on(consumer.events.CRASH, () => void crashes++)
  await eventually(() => crashes >= 2)
  isGone = false
  await producer.send({ topic: 'gone', messages: [{ value: 'z' }] })
  await eventually(() => handled.includes('z'))
  await Promise.all([producer.disconnect(), consumer.disconnect()])
})

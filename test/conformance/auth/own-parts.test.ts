import { createHmac } from 'node:crypto'
import { Agent } from 'node:http'
import { Kafka, type KafkaConfig, sasAuth } from 'kafkajs-eventhubs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

/** Sends a message and reads it back. */
async function roundTrip(eventHubs: KafkaConfig['eventHubs']): Promise<string> {
  const kafka = new Kafka({
    clientId: 'own-parts',
    logLevel: 0,
    brokers: [`localhost:${emulator.port}`],
    retry: { retries: 0 },
    ...(eventHubs && { eventHubs }),
  })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'own-parts' })
  try {
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'through' }] })
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
    return await new Promise<string>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) }).catch(reject)
    })
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
}

/** A shared access signature as a program would be handed one: Microsoft's "Generate SAS token" recipe. */
function signature(resource: string, keyName: string, key: string): string {
  const expiry = Math.floor(Date.now() / 1000) + 600
  const audience = encodeURIComponent(resource)
  const signed = createHmac('sha256', key).update(`${audience}\n${expiry}`).digest('base64')
  return `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signed)}&se=${expiry}&skn=${keyName}`
}

it('a ready-made shared access signature', async () => {
  const resource = `sb://localhost:${emulator.port}/`
  const auth = sasAuth({ signature: signature(resource, 'RootManageSharedAccessKey', 'SAS_KEY_VALUE') })
  expect(await roundTrip({ auth })).toBe('through')
})

it('a ready-made signature by another key is refused at once', async () => {
  const resource = `sb://localhost:${emulator.port}/`
  const auth = sasAuth({ signature: signature(resource, 'RootManageSharedAccessKey', 'another-key') })
  await expect(roundTrip({ auth })).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
})

it('an http.Agent of one’s own, with WebSockets', async () => {
  let connections = 0
  class CountingAgent extends Agent {
    override createConnection(...given: Parameters<Agent['createConnection']>) {
      connections++
      return super.createConnection(...given)
    }
  }
  const proxy = new CountingAgent()
  expect(await roundTrip({ transport: 'websockets', proxy })).toBe('through')
  expect(connections).toBeGreaterThanOrEqual(2)
})

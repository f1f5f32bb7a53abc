/**
 * A kafkajs program in TypeScript; only the first import differs.
 *
 *     npx tsx examples/quick-start.ts
 *
 * It starts an emulator of its own, unless EVENTHUBS_CONNECTION_STRING names a namespace with an event hub `greetings`; then
 * KAFKAJS_EVENTHUBS_CHECKPOINT_STORE must name a store, for example `file:./offsets`.
 */
import { pathToFileURL } from 'node:url'
import { type EachMessagePayload, Kafka, type Message } from 'kafkajs-eventhubs' // was: from 'kafkajs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

interface Greeting {
  readonly language: string
  readonly text: string
}

const toMessage = ({ language, text }: Greeting): Message => ({ key: language, value: text })

const fromMessage = ({ message }: EachMessagePayload): Greeting => ({
  language: String(message.key),
  text: String(message.value),
})

/** Sends a greeting, and resolves with what a consumer reads. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  const kafka = new Kafka({
    clientId: 'quick-start',
    logLevel: 1,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '' },
  })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'greetings', messages: [toMessage({ language: 'en', text: 'hello' })] })
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['greetings'], fromBeginning: true })
  const greeting = await new Promise<Greeting>((resolve) => {
    void consumer.run({ eachMessage: async (payload) => resolve(fromMessage(payload)) })
  })
  print(`${greeting.language}: ${greeting.text}`)
  await consumer.disconnect()
  return greeting
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

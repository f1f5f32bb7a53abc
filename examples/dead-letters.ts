/**
 * Retry topic and dead letters: a message that fails goes to `orders.retry` with the number of attempts in a header, and
 * after three attempts to `orders.dead`, so that it holds nothing up behind it.
 *
 *     npx tsx examples/dead-letters.ts
 */
import { pathToFileURL } from 'node:url'
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const ATTEMPTS = 3
const attemptsOf = ({ headers }: KafkaMessage) => Number(headers?.['attempts'] ?? 0)

/** Runs until every order is done or dead. Resolves with both. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  const topics = ['orders', 'orders.retry', 'orders.dead']
  await using emulator = await startEmulator({ eventHubs: topics.map((name) => ({ name, partitionCount: 2 })) })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'orders' }), logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'billing' })
  await producer.connect()
  const orders = ['one espresso', 'a cheque that bounces', 'two teas']
  await producer.send({ topic: 'orders', messages: orders.map((value) => ({ value })) })

  const done: string[] = []
  const dead: string[] = []
  const bill = async (order: string) => {
    if (order.includes('bounces')) throw new Error('The bank said no')
    done.push(order)
  }

  await consumer.connect()
  await consumer.subscribe({ topics: ['orders', 'orders.retry'], fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: KafkaMessage }) => {
      const order = String(message.value)
      try {
        await bill(order)
      } catch (error) {
        const attempts = attemptsOf(message) + 1
        const topic = attempts < ATTEMPTS ? 'orders.retry' : 'orders.dead'
        print(`${order}: ${(error as Error).message}, attempt ${attempts}, to ${topic}`)
        const headers = { ...message.headers, attempts: String(attempts), reason: (error as Error).message }
        // Only when it is stored there may this message be committed here: so wait, and let an error pass.
        await producer.send({ topic, messages: [{ key: message.key, value: message.value, headers }] })
        if (topic === 'orders.dead') dead.push(order)
      }
      if (done.length + dead.length === orders.length) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  await producer.disconnect()
  return { done, dead }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

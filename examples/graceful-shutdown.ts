/**
 * A consumer in a container: on SIGTERM it finishes the message at hand, commits, hands its partitions over and ends. Another
 * member takes them at once, instead of after `sessionTimeout`.
 *
 *     npx tsx examples/graceful-shutdown.ts        then Ctrl+C, or kill
 *
 * In a container start node itself, not npm: npm doesn't pass the signal on. Give the container longer to end than one
 * message takes (Kubernetes: `terminationGracePeriodSeconds`).
 */
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Consumes until a signal comes. Resolves with how many messages were begun and finished. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  const emulator = connectionString ? undefined : await startEmulator({ eventHubs: ['jobs'] })
  const kafka = new Kafka({
    clientId: 'worker',
    logLevel: logLevel.ERROR,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '' },
  })
  const consumer = kafka.consumer({ groupId: 'workers' })
  const producer = kafka.producer()
  let begun = 0
  let finished = 0

  const signal = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve)
  })
  await producer.connect()
  await producer.send({ topic: 'jobs', messages: Array.from({ length: 100 }, (_, i) => ({ value: `job ${i}` })) })
  await consumer.connect()
  await consumer.subscribe({ topic: 'jobs', fromBeginning: true })
  await consumer.run({
    async eachMessage({ message }) {
      begun++
      print(`begun ${message.value}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
      finished++
    },
  })

  print(`${await signal}: finishing`)
  // Waits for the handler, commits and leaves the group.
  await consumer.disconnect()
  await producer.disconnect()
  await emulator?.close()
  print(`begun ${begun}, finished ${finished}`)
  return { begun, finished }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

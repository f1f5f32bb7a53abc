/** One member of the demo's group, in a process of its own: tells its parent what it reads, and what it is given to read. */
import { Kafka, logLevel } from 'kafkajs-eventhubs'

const { connectionString, store, topic, groupId, clientId } = JSON.parse(process.argv[2] ?? '{}')

const kafka = new Kafka({
  clientId,
  logLevel: logLevel.NOTHING,
  eventHubs: { connectionString, checkpointStore: store },
})
// Shorter than the defaults (3 s and 30 s), so that the demo is.
const consumer = kafka.consumer({ groupId, heartbeatInterval: 500, sessionTimeout: 6000 })
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  process.send?.({ partitions: payload.memberAssignment[topic] ?? [] })
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  partitionsConsumedConcurrently: 4,
  eachMessage: async ({ partition, message }) => {
    process.send?.({ partition, value: String(message.value) })
  },
})
process.once('message', async () => {
  await consumer.disconnect()
  process.exit()
})

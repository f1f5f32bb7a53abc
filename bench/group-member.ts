/** A member of a group that tells which partitions it handles messages of. */
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { argument } from './child.js'

const { connectionString, store, topic } = argument<{ connectionString: string; store: string; topic: string }>()
const kafka = new Kafka({
  clientId: `member-${process.pid}`,
  logLevel: logLevel.ERROR,
  eventHubs: { connectionString, checkpointStore: store },
})
const consumer = kafka.consumer({ groupId: 'group' })
process.on('message', async () => {
  await consumer.disconnect()
  process.send?.({ left: true })
  process.exit()
})
process.on('disconnect', () => process.exit())
await consumer.connect()
await consumer.subscribe({ topics: [topic] })
process.send?.({ starting: true })
await consumer.run({
  partitionsConsumedConcurrently: 12,
  eachMessage: async ({ partition }) => void process.send?.({ partition }),
})

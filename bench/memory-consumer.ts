/** Consumes slowly, and tells how much memory the events take. */
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { argument } from './child.js'

const { connectionString, topic, handlerTime } = argument<{
  connectionString: string
  topic: string
  handlerTime: number
}>()
const kafka = new Kafka({ clientId: 'memory', logLevel: logLevel.ERROR, eventHubs: { connectionString } })
const consumer = kafka.consumer({ groupId: 'memory' })
let handled = 0
global.gc?.()
const before = process.memoryUsage().arrayBuffers
await consumer.subscribe({ topics: [topic], fromBeginning: true })
await consumer.run({
  partitionsConsumedConcurrently: 32,
  eachMessage: async () => {
    await new Promise((resolve) => setTimeout(resolve, handlerTime))
    handled++
  },
})
setInterval(() => {
  // The memory of dead buffers is freed behind a collection, and counted until then: the second waits for the first.
  global.gc?.()
  global.gc?.()
  // The parent may have gone meanwhile.
  process.send?.({ handled, bytes: process.memoryUsage().arrayBuffers - before }, () => {})
}, 100)
process.on('disconnect', () => process.exit())

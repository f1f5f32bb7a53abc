/**
 * The main job, on real data: produces a week of earthquakes to a topic with four partitions, consumes them, and shows
 * that a consumer started again goes on where the last one left off. Then a group of processes, one of which is killed.
 * Everything runs on the embedded emulator.
 */
import { type Consumer, Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'
import { showGroup } from './group.js'
import { type Quake, readQuakes } from './quakes.js'
import { chart, progressBar, table } from './screen.js'

const topic = 'earthquakes'
const groupId = 'seismology'

const quakes = await readQuakes()
const emulator = await startEmulator({ eventHubs: [{ name: topic, partitionCount: 4 }] })
console.log(`Emulator on port ${emulator.port}\n`)

const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'demo' }), logLevel: logLevel.WARN })

const toMessage = (quake: Quake) => ({
  key: quake.properties.net,
  value: JSON.stringify(quake),
  headers: { magnitudeType: quake.properties.magType ?? 'unknown', source: 'usgs' },
  timestamp: String(quake.properties.time),
})

// Produce

const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
const produced = progressBar('Produced', quakes.length)
for (let i = 0; i < quakes.length; i += 100) {
  await producer.send({ topic, messages: quakes.slice(i, i + 100).map(toMessage) })
  produced(Math.min(i + 100, quakes.length))
}

// Consume

const magnitudes = new Map(
  ['< 0', '0 – 1', '1 – 2', '2 – 3', '3 – 4', '4 – 5', '5 – 6', '≥ 6'].map((label) => [label, 0]),
)
const partitions = new Map<number, { messages: number; lastOffset: string }>()

function count({ properties: { mag } }: Quake) {
  const label = [...magnitudes.keys()][Math.min(Math.max(Math.floor(mag) + 1, 0), 7)] as string
  magnitudes.set(label, (magnitudes.get(label) ?? 0) + 1)
}

/** Runs a consumer until it has handled `expected` messages. */
async function consume(expected: number, onMessage: (partition: number, offset: string, quake: Quake) => void) {
  const consumer: Consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  let handled = 0
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          onMessage(partition, message.offset, JSON.parse(String(message.value)))
          if (++handled === expected) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
}

const consumed = progressBar('Consumed', quakes.length)
let done = 0
await consume(quakes.length, (partition, lastOffset, quake) => {
  partitions.set(partition, { messages: (partitions.get(partition)?.messages ?? 0) + 1, lastOffset })
  count(quake)
  consumed(++done)
})

const admin = kafka.admin()
const ends = await admin.fetchTopicOffsets(topic)
const committed = async () => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions ?? []
const rows = (await committed())
  .sort((a, b) => a.partition - b.partition)
  .map(({ partition, offset }) => {
    const high = ends.find((end) => end.partition === partition)?.high ?? '0'
    const { messages = 0, lastOffset = '-' } = partitions.get(partition) ?? {}
    return [partition, messages, lastOffset, Number(high) - Number(offset)]
  })
console.log(`\n${table(['partition', 'messages', 'last offset', 'lag'], rows)}`)
console.log(`\nEarthquakes by magnitude\n${chart(magnitudes)}\n`)

// Start the consumer again

const before = await committed()
const strongest = quakes.reduce((a, b) => (b.properties.mag > a.properties.mag ? b : a))
await producer.send({ topic, messages: [toMessage(strongest)] })
await consume(1, (partition, offset, { properties }) => {
  const resumedAt = before.find((one) => one.partition === partition)?.offset
  if (offset !== resumedAt) throw new Error(`Resumed at offset ${offset}, and ${resumedAt} was committed`)
  console.log(`Started again at committed offset ${resumedAt} of partition ${partition}, where one new message waited:`)
  console.log(`  magnitude ${properties.mag}, ${properties.place}`)
})

await Promise.all([producer.disconnect(), admin.disconnect()])
await showGroup(kafka, emulator.connectionString)
await emulator.close()

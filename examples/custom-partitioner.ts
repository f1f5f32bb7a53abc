/**
 * A partitioner of one's own: urgent messages have partition 0 to themselves, the others go where their key belongs.
 *
 *     npx tsx examples/custom-partitioner.ts                                      starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/custom-partitioner.ts    a real namespace; topic `tickets`
 */
import { pathToFileURL } from 'node:url'
import { type ICustomPartitioner, Kafka, Partitioners } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Called once per producer; what it returns is called for each message. */
const createUrgentLane: ICustomPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner()
  return ({ topic, partitionMetadata, message }) => {
    if (message.headers?.['priority'] === 'urgent' || partitionMetadata.length < 2) return 0
    const others = partitionMetadata.slice(1)
    const index = byKey({
      topic,
      partitionMetadata: others.map((other, partitionId) => ({ ...other, partitionId })),
      message,
    })
    return others[index]?.partitionId ?? 0
  }
}

/** Sends urgent and other tickets, and gives the partitions they went to. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  const kafka = new Kafka({
    clientId: 'partitioner-example',
    logLevel: 1,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '' },
  })
  const producer = kafka.producer({ createPartitioner: createUrgentLane })
  await producer.connect()
  const urgent = await producer.send({
    topic: 'tickets',
    messages: ['a', 'b', 'c'].map((key) => ({ key, value: 'fire!', headers: { priority: 'urgent' } })),
  })
  const others = await producer.send({
    topic: 'tickets',
    messages: Array.from({ length: 30 }, (_, n) => ({ key: `customer-${n}`, value: 'a question' })),
  })
  await producer.disconnect()
  const partitions = {
    urgent: urgent.map(({ partition }) => partition),
    others: others.map(({ partition }) => partition),
  }
  print(`Urgent tickets went to partition ${partitions.urgent}, the others to ${partitions.others}`)
  return partitions
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

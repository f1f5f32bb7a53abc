/**
 * A tour of the admin client: creates a topic, produces, consumes, looks at the lag, moves the group back and reads again.
 *
 *     npx tsx examples/admin-tour.ts                                        starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/admin-tour.ts      a real namespace; the key needs Manage
 */
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { type Admin, Kafka } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Takes the tour, and tells what it saw. */
export async function main(
  connectionString = process.env['EVENTHUBS_CONNECTION_STRING'],
  print: (line: string) => void = console.log,
) {
  await using emulator = connectionString ? undefined : await startEmulator()
  // Ends every client that it has made, when the tour is over or has failed.
  await using kafka = new Kafka({
    clientId: 'admin-tour',
    logLevel: 1,
    eventHubs: {
      connectionString: connectionString ?? emulator?.connectionString ?? '',
      // A program that ends here may forget its offsets; one that goes on keeps them in a blob container.
      checkpointStore: 'memory:',
    },
  })
  const admin = kafka.admin()
  const topic = `tour-${randomUUID().slice(0, 8)}`
  const groupId = `tour-${randomUUID().slice(0, 8)}`

  await admin.createTopics({
    topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: String(24 * 3_600_000) }] }],
  })
  print(`Created ${topic}; the namespace now has ${(await admin.listTopics()).length} topics`)

  await produce(kafka, topic, ['a', 'b', 'c', 'd', 'e', 'f'])
  const first = await consume(kafka, { topic, groupId, count: 6 })
  print(`The group ${groupId} has read ${first.join(' ')}`)

  await produce(kafka, topic, ['g', 'h'])
  const lag = await lagOf(admin, { topic, groupId })
  print(`It is now ${lag} messages behind`)

  await admin.resetOffsets({ groupId, topic, earliest: true })
  const again = await consume(kafka, { topic, groupId, count: 8 })
  print(`Moved back to the beginning, it has read ${again.join(' ')}`)

  await admin.deleteGroups([groupId])
  await admin.deleteTopics({ topics: [topic] })
  print('Deleted the group and the topic')
  return { first, lag, again }
}

async function produce(kafka: Kafka, topic: string, values: string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value, index) => ({ value, partition: index % 2 })) })
  await producer.disconnect()
}

/** Reads until the group has had `count` messages, and leaves it; the values, sorted. */
async function consume(
  kafka: Kafka,
  { topic, groupId, count }: { topic: string; groupId: string; count: number },
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const values: string[] = []
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer
      .run({
        async eachMessage({ message }) {
          values.push(String(message.value))
          if (values.length === count) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return values.toSorted()
}

/** How many messages a group has not read yet. */
async function lagOf(admin: Admin, { topic, groupId }: { topic: string; groupId: string }): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topic)
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return ends.reduce((lag, { partition, high, low }) => {
    const offset = committed?.partitions.find((entry) => entry.partition === partition)?.offset ?? '-1'
    return lag + Number(high) - Number(offset === '-1' ? low : offset)
  }, 0)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()

/**
 * Seek and replay: a running consumer goes back to a moment, and a group that is not running is set back by the admin.
 *
 *     npx tsx examples/replay.ts
 */
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Reads everything, then again from a moment. Resolves with what was read. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  const topic = 'orders'
  await using emulator = await startEmulator({ eventHubs: [{ name: topic, partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'replay' }), logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  const admin = kafka.admin()
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'before 1' }, { value: 'before 2' }] })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const moment = Date.now()
  await producer.send({ topic, messages: [{ value: 'after 1' }, { value: 'after 2' }] })

  const read: string[] = []
  const until = async (count: number) => {
    while (read.length < count) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const consumer = kafka.consumer({ groupId: 'replay' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(String(message.value)) })
  await until(4)

  // While it runs: the offsets of a moment, and seek. It takes effect with the next fetch.
  for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, moment)) {
    print(`partition ${partition}: back to offset ${offset}`)
    consumer.seek({ topic, partition, offset })
  }
  await until(6)
  await consumer.disconnect()

  // While nobody runs: the group's own offsets.
  await admin.setOffsets({ groupId: 'replay', topic, partitions: [{ partition: 0, offset: '1' }] })
  const [committed] = await admin.fetchOffsets({ groupId: 'replay', topics: [topic] })
  await admin.disconnect()
  await producer.disconnect()
  return { read, committed: committed?.partitions[0]?.offset }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

/**
 * Produces to a topic: one message, many at once, many without waiting for each, and to several topics in one call.
 *
 *     npx tsx examples/produce.ts                                                 starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/produce.ts   a real namespace; topics `orders` and `audit`
 */
import { pathToFileURL } from 'node:url'
import { Kafka, type RecordMetadata } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Sends, and gives what each send resolved with. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  const kafka = new Kafka({
    clientId: 'produce-example',
    logLevel: 1,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '' },
  })
  const producer = kafka.producer()
  await producer.connect()

  // Resolves when the message is stored.
  const one = await producer.send({ topic: 'orders', messages: [{ key: 'order-1', value: 'created' }] })
  print(`One message: ${where(one)}`)

  const lines = Array.from({ length: 100 }, (_, line) => ({ value: `line ${line}` }))
  const many = await producer.send({ topic: 'orders', messages: lines })
  print(`100 messages without a key, over all partitions: ${where(many)}`)

  // Sends that are under way together share transfers, and keep their order in each partition.
  const unawaited = lines.map((message) => producer.send({ topic: 'orders', messages: [message] }))
  await Promise.all(unawaited)
  print(`${unawaited.length} sends at once`)

  const batch = await producer.sendBatch({
    topicMessages: [
      { topic: 'orders', messages: [{ key: 'order-1', value: 'shipped' }] },
      { topic: 'audit', messages: [{ key: 'order-1', value: 'order-1 shipped' }] },
    ],
  })
  print(`Two topics: ${where(batch)}`)

  // Waits for everything that was accepted.
  await producer.disconnect()
  return { one, many, batch }
}

const where = (metadata: RecordMetadata[]) =>
  metadata.map(({ topicName, partition }) => `${topicName}[${partition}]`).join(' ')

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

/**
 * What travels with a message: keys, headers, binary values, timestamps, and tombstones.
 *
 *     npx tsx examples/headers-and-keys.ts                                        starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/headers-and-keys.ts      a real namespace; topic `customers`
 */
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { type EachMessagePayload, Kafka } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Sends four messages of one customer and reads them back. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  // Ends every client that it has made.
  await using kafka = new Kafka({
    clientId: 'headers-example',
    logLevel: 1,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '', checkpointStore: 'memory:' },
  })
  const key = `customer-${randomUUID()}`
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({
    topic: 'customers',
    messages: [
      { key, value: JSON.stringify({ name: 'Ada' }), headers: { 'content-type': 'application/json', source: 'crm' } },
      { key, value: Buffer.from([0xca, 0xfe]), headers: { trace: Buffer.from([1, 2, 3]), tags: ['new', 'vip'] } },
      { key, value: 'yesterday', timestamp: String(Date.now() - 86_400_000) },
      // The same key always goes to the same partition, so this one is read last.
      { key, value: null },
    ],
  })

  const messages = await read(kafka, key, 4)
  for (const { value, headers, timestamp } of messages) {
    const shown = Object.entries(headers ?? {}).map(
      ([name, content]) => `${name}=${Array.isArray(content) ? content.join('+') : content}`,
    )
    print(`${new Date(Number(timestamp)).toISOString()} ${value === null ? '(deleted)' : value} ${shown.join(' ')}`)
  }
  return messages
}

async function read(kafka: Kafka, key: string, count: number): Promise<EachMessagePayload['message'][]> {
  const consumer = kafka.consumer({ groupId: `headers-example-${randomUUID()}` })
  await consumer.subscribe({ topic: 'customers', fromBeginning: true })
  const messages: EachMessagePayload['message'][] = []
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer
      .run({
        async eachMessage({ message }) {
          // Keys and headers arrive as Buffers.
          if (message.key?.toString() !== key) return
          messages.push(message)
          if (messages.length === count) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return messages
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

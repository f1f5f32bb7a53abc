/**
 * Some programs are still on kafkajs and the Kafka endpoint, others on this package: move the readers first, the writers last.
 * A reader on this package sees what both kinds of writers send. One on kafkajs sees no key of what was written over AMQP.
 *
 *     npx tsx examples/mixed-fleet.ts
 */
import { pathToFileURL } from 'node:url'
import kafkajs from 'kafkajs'
import { type Consumer, Kafka, logLevel, memoryCheckpointStore, type Producer } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const topic = 'orders'

/** Has two writers and two readers, one of each kind. Resolves with what each reader read, as `key=value`. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  await using emulator = await startEmulator({ eventHubs: [{ name: topic, partitionCount: 1 }] })
  const theirs = new kafkajs.Kafka({ ...emulator.kafkaEndpointConfig({ clientId: 'old' }), logLevel: logLevel.ERROR })
  const { eventHubs, ...config } = emulator.kafkaConfig({ clientId: 'new' })
  const ours = new Kafka({
    ...config,
    logLevel: logLevel.ERROR,
    // In production one that all members share: 'https://account.blob.core.windows.net/container'.
    eventHubs: { ...eventHubs, checkpointStore: memoryCheckpointStore() },
  })

  await write(theirs.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner }), 'kafkajs')
  await write(ours.producer(), 'this package')
  // Offsets are the same over both protocols, but each keeps the groups to itself: give the readers different groups.
  const read = {
    ours: await readTwo(ours.consumer({ groupId: 'billing' })),
    theirs: await readTwo(theirs.consumer({ groupId: 'billing-old' })),
  }
  print(`A reader on this package: ${read.ours.join(', ')}`)
  print(`A reader on kafkajs:      ${read.theirs.join(', ')}`)
  return read
}

/** What the two libraries have in common is all it needs. */
async function write(producer: Pick<Producer, 'connect' | 'send' | 'disconnect'>, value: string) {
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'customer-1', value }] })
  await producer.disconnect()
}

async function readTwo(consumer: Pick<Consumer, 'connect' | 'subscribe' | 'run' | 'disconnect'>) {
  const read: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise<void>((resolve) => {
    void consumer.run({
      async eachMessage({ message }) {
        if (read.push(`${message.key}=${message.value}`) === 2) resolve()
      },
    })
  })
  await consumer.disconnect()
  return read
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

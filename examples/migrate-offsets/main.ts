/**
 * A group moves from kafkajs, on the Kafka endpoint, to this package: its committed offsets go along, so that nothing is read
 * twice or left out. The command `kafkajs-eventhubs migrate-offsets` does the same for a namespace, and shows first what it
 * would do; this is how a program does it.
 *
 *     npx tsx examples/migrate-offsets/main.ts
 */
import { pathToFileURL } from 'node:url'
import kafkajs from 'kafkajs'
import { type Admin, Kafka, logLevel, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/**
 * Carries the offsets of a group over, while nobody of it is running. An offset of the Kafka endpoint is the event's sequence
 * number, so it stays what it is. Resolves with what was set: no offset that is there already, none beyond the end.
 */
export async function carryOffsets(move: {
  from: Pick<Admin, 'fetchOffsets'>
  to: Pick<Admin, 'fetchOffsets' | 'fetchTopicOffsets' | 'setOffsets'>
  groupId: string
  topic: string
}) {
  const { from, to, groupId, topic } = move
  const offsetsOf = async (admin: Pick<Admin, 'fetchOffsets'>) => {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return new Map(offsets?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]))
  }
  const [committed, present, ends] = await Promise.all([offsetsOf(from), offsetsOf(to), to.fetchTopicOffsets(topic)])
  const partitions = ends.flatMap(({ partition, low, high }) => {
    const offset = committed.get(partition) ?? -1n
    if (offset < 0n || offset > BigInt(high) || (present.get(partition) ?? -1n) >= 0n) return []
    // Retention may have passed it: then the oldest event that is left comes next.
    return [{ partition, offset: offset < BigInt(low) ? low : String(offset) }]
  })
  if (partitions.length > 0) await to.setOffsets({ groupId, topic, partitions })
  return partitions
}

/** Has kafkajs read the first messages, and this package the rest. Resolves with what each read. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  const [topic, groupId] = ['orders', 'billing']
  await using emulator = await startEmulator({ eventHubs: [{ name: topic, partitionCount: 1 }] })
  const theirs = new kafkajs.Kafka({
    ...emulator.kafkaEndpointConfig({ clientId: 'before' }),
    logLevel: logLevel.ERROR,
  })
  const { eventHubs, ...config } = emulator.kafkaConfig({ clientId: 'after' })
  const ours = new Kafka({
    ...config,
    logLevel: logLevel.ERROR,
    // In production one that all members share: 'https://account.blob.core.windows.net/container'.
    eventHubs: { ...eventHubs, checkpointStore: memoryCheckpointStore() },
  })
  const producer = ours.producer()
  const send = (...values: string[]) => producer.send({ topic, messages: values.map((value) => ({ value })) })
  await producer.connect()
  await send('one', 'two', 'three')
  const before = await read(theirs, groupId, topic, 3)
  print(`kafkajs read ${before.join(', ')}`)
  await send('four', 'five')

  const [from, to] = [theirs.admin(), ours.admin()]
  await Promise.all([from.connect(), to.connect()])
  const carried = await carryOffsets({ from, to, groupId, topic })
  for (const { partition, offset } of carried) print(`partition ${partition}: carried offset ${offset}`)
  const again = await carryOffsets({ from, to, groupId, topic })
  await Promise.all([from.disconnect(), to.disconnect()])

  const after = await read(ours, groupId, topic, 2)
  print(`kafkajs-eventhubs read ${after.join(', ')}`)
  await producer.disconnect()
  return { before, carried, again, after }
}

/** Reads so many messages as a member of the group, and leaves it. */
async function read(kafka: Pick<Kafka, 'consumer'> | kafkajs.Kafka, groupId: string, topic: string, count: number) {
  const consumer = kafka.consumer({ groupId })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      values.push(String(message.value))
      if (values.length === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return values
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

import type { Kafka } from 'kafkajs'
import { Partitioners } from 'kafkajs-eventhubs'
import { type Bench, openBench } from './emulator.js'
import { compare, measure, percentile } from './measure.js'

const PARTITIONS = 4
const PER_PARTITION = 25_000
const TOTAL = PARTITIONS * PER_PARTITION
const SEND = 500
const PINGS = 200
const value = Buffer.alloc(100, 'x')

let groups = 0

/** What both kinds of client have. */
type AnyKafka = Pick<Kafka, 'producer' | 'consumer'>

/** Real kafkajs on the emulator's Kafka endpoint and this library over AMQP, on the same partitions. */
export async function kafka(bench: Bench): Promise<void> {
  const own = bench.kafka as unknown as AnyKafka
  const sides = [
    { name: 'kafkajs-eventhubs', client: own },
    { name: 'kafkajs', client: bench.kafkajs },
  ]
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: PER_PARTITION })
  const [first, second] = sides.map(({ name, client }) => ({ name, run: () => produceAll(client, topic) }))
  await compare(
    `kafka: produce ${TOTAL.toLocaleString('en')} × ${value.length} B in sends of ${SEND}`,
    3,
    first!,
    second!,
  )

  for (const writer of sides) {
    const filled = await bench.createEventHub({ partitionCount: PARTITIONS })
    await produceAll(writer.client, filled)
    const [mine, real] = sides.map(({ name, client }) => ({
      name,
      run: () => consumeAll(bench, { name, client, topic: filled }),
    }))
    await compare(
      `kafka: consume ${TOTAL.toLocaleString('en')} × ${value.length} B written by ${writer.name}`,
      3,
      mine!,
      real!,
    )
  }
  await compareLatency(bench, sides)
  await measureMemory('kafkajs-eventhubs', (fresh) => fresh.kafka as unknown as AnyKafka)
  await measureMemory('kafkajs', (fresh) => fresh.kafkajs)
}

/** In an emulator of its own, warmed up: what others have left behind would be freed meanwhile. */
async function measureMemory(name: string, clientOf: (bench: Bench) => AnyKafka): Promise<void> {
  const fresh = await openBench()
  const warm = await fresh.createEventHub({ partitionCount: PARTITIONS, count: 1 })
  await produceAll(clientOf(fresh), warm)
  const topic = await fresh.createEventHub({ partitionCount: PARTITIONS })
  const before = await fresh.held()
  await produceAll(clientOf(fresh), topic)
  const each = ((await fresh.held()) - before) / TOTAL
  console.log(`\nkafka: ${Math.round(each)} B held by the emulator per event of ${value.length} B written by ${name}`)
  await fresh.close()
}

async function produceAll(client: AnyKafka, topic: string) {
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const sample = await measure(TOTAL, async () => {
    await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        const messages = Array.from({ length: SEND }, () => ({ value, partition }))
        for (let sent = 0; sent < PER_PARTITION; sent += SEND) await producer.send({ topic, messages })
      }),
    )
  })
  await producer.disconnect()
  return sample
}

async function consumeAll(bench: Bench, { name, client, topic }: { name: string; client: AnyKafka; topic: string }) {
  const consumer = client.consumer({ groupId: `bench-kafka-${groups++}`, maxBytesPerPartition: 4 * 1024 * 1024 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  let seen = 0
  const before = await bench.cpu()
  const sample = await measure(TOTAL, () => {
    return new Promise((resolve, reject) => {
      const eachBatch = async ({ batch }: { batch: { messages: unknown[] } }) => {
        seen += batch.messages.length
        if (seen === TOTAL) resolve()
      }
      consumer.run({ partitionsConsumedConcurrently: PARTITIONS, eachBatch }).catch(reject)
    })
  })
  const served = (await bench.cpu()) - before
  console.log(
    `  to ${name} the emulator spent ${(served / TOTAL).toFixed(1)} µs of CPU on each: ${rate(served)} a second of one core`,
  )
  await consumer.disconnect()
  return sample
}

const rate = (cpu: number) => Math.round((TOTAL / cpu) * 1_000_000).toLocaleString('en')

async function compareLatency(bench: Bench, sides: readonly { name: string; client: AnyKafka }[]): Promise<void> {
  console.log('\nkafka: latency, one message at a time, from send to the handler')
  for (const { name, client } of sides) {
    const topic = await bench.createEventHub({ partitionCount: 1 })
    let arrived: (() => void) | undefined
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    const consumer = client.consumer({ groupId: `bench-kafka-${groups++}` })
    await producer.connect()
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async () => arrived?.() })
    const times: number[] = []
    for (let ping = -20; ping < PINGS; ping++) {
      const come = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const begun = performance.now()
      await producer.send({ topic, messages: [{ value }] })
      await come
      if (ping >= 0) times.push(performance.now() - begun)
    }
    await Promise.all([producer.disconnect(), consumer.disconnect()])
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
    console.log(`  ${name.padEnd(18)} ${p50.toFixed(1).padStart(8)} ms p50  ${p99.toFixed(1).padStart(8)} ms p99`)
  }
}

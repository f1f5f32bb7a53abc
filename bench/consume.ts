import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs'
import type { Kafka as KafkaJS } from 'kafkajs'
import { type Batch, type Kafka, Partitioners } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { compare, isQuick, measure, percentile } from './measure.js'

let groups = 0

/** What is read in one row. */
interface Row {
  readonly partitions: number
  readonly bytes: number
  /** Of all partitions. */
  readonly events: number
  readonly kind: 'eachBatch' | 'eachMessage'
}

const rows: readonly Row[] = [
  { partitions: 4, bytes: 100, events: 100_000, kind: 'eachBatch' },
  { partitions: 4, bytes: 100, events: 100_000, kind: 'eachMessage' },
  { partitions: 1, bytes: 100, events: 100_000, kind: 'eachBatch' },
  { partitions: 32, bytes: 100, events: 96_000, kind: 'eachBatch' },
  { partitions: 4, bytes: 1024, events: 40_000, kind: 'eachBatch' },
  { partitions: 4, bytes: 32_768, events: 4000, kind: 'eachBatch' },
]

/** Reads what lies in an event hub from its beginning. */
export async function consume(bench: Bench): Promise<void> {
  for (const row of isQuick ? rows.slice(0, 2) : rows) await consumeRow(bench, row)
}

async function consumeRow(bench: Bench, { partitions, bytes, events, kind }: Row): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: partitions })
  await fill(bench, topic, { partitions, bytes, events })
  const client = (kafka: Kafka | KafkaJS) => async () => {
    const consumer = kafka.consumer({ groupId: `bench-${groups++}` })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    let seen = 0
    const sample = await measure(events, () => {
      return new Promise<void>((resolve, reject) => {
        const take = (count: number) => {
          seen += count
          if (seen >= events) resolve()
        }
        const handler =
          kind === 'eachBatch'
            ? { eachBatch: async ({ batch }: { batch: Batch }) => take(batch.messages.length) }
            : { eachMessage: async () => take(1) }
        consumer.run({ partitionsConsumedConcurrently: partitions, ...handler }).catch(reject)
      })
    })
    await consumer.disconnect()
    return sample
  }
  const raw = async () => {
    const client = new EventHubConsumerClient('$Default', bench.connectionString, topic)
    let seen = 0
    const sample = await measure(events, () => {
      return new Promise<void>((resolve, reject) => {
        for (let partition = 0; partition < partitions; partition++) {
          client.subscribe(
            String(partition),
            {
              processEvents: async (received) => {
                seen += received.length
                if (seen >= events) resolve()
              },
              processError: async (error) => reject(error),
            },
            { startPosition: earliestEventPosition, maxBatchSize: 500, skipParsingBodyAsJson: true },
          )
        }
      })
    })
    await client.close()
    return sample
  }
  await compare(
    `consume: ${events.toLocaleString('en')} × ${bytes} B from ${partitions} partitions, ${kind}, from run() to the last`,
    isQuick ? 3 : 5,
    { name: 'kafkajs-eventhubs', run: client(bench.kafka) },
    { name: 'raw SDK', run: raw },
    { name: 'kafkajs', run: client(bench.kafkajs) },
  )
}

async function fill(bench: Bench, topic: string, { partitions, bytes, events }: Omit<Row, 'kind'>) {
  const producer = new EventHubProducerClient(bench.connectionString, topic)
  const body = Buffer.alloc(bytes, 'x')
  for (let partition = 0; partition < partitions; partition++) {
    for (let left = events / partitions; left > 0; ) {
      const batch = await producer.createBatch({ partitionId: String(partition) })
      while (left > 0 && batch.count < 2500 && batch.tryAdd({ body })) left--
      await producer.sendBatch(batch)
    }
  }
  await producer.close()
}

const value = Buffer.alloc(100, 'x')
const PINGS = isQuick ? 100 : 200

/** One message at a time, from `send` to the handler. */
export async function latency(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: 1 })
  const rawTopic = await bench.createEventHub({ partitionCount: 1 })
  let arrived: (() => void) | undefined

  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const consumer = bench.kafka.consumer({ groupId: `bench-${groups++}` })
  await consumer.subscribe({ topics: [topic] })
  await consumer.run({ eachMessage: async () => arrived?.() })

  const rawProducer = new EventHubProducerClient(bench.connectionString, rawTopic)
  const rawConsumer = new EventHubConsumerClient('$Default', bench.connectionString, rawTopic)
  const subscription = rawConsumer.subscribe('0', {
    processEvents: async (events) => {
      if (events.length > 0) arrived?.()
    },
    processError: async () => {},
  })
  await new Promise((resolve) => setTimeout(resolve, 500))

  const ping = async (send: () => Promise<unknown>) => {
    const begun = performance.now()
    const come = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await send()
    await come
    return performance.now() - begun
  }
  const ours: number[] = []
  const raw: number[] = []
  for (let i = -20; i < PINGS; i++) {
    const [mine, theirs] = [
      await ping(() => producer.send({ topic, messages: [{ value }] })),
      await ping(() => rawProducer.sendBatch([{ body: value }], { partitionId: '0' })),
    ]
    if (i < 0) continue
    ours.push(mine)
    raw.push(theirs)
  }
  await consumer.disconnect()
  await subscription.close()
  await Promise.all([producer.disconnect(), rawProducer.close(), rawConsumer.close()])

  console.log('\nlatency: one message at a time, from send to the handler')
  for (const [name, times] of [
    ['kafkajs-eventhubs', ours],
    ['raw SDK', raw],
  ] as const) {
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
    console.log(`  ${name.padEnd(18)} ${p50.toFixed(1).padStart(8)} ms p50  ${p99.toFixed(1).padStart(8)} ms p99`)
  }
  const ratio = (share: number) => (percentile(ours, share) / percentile(raw, share)).toFixed(2).padStart(8)
  console.log(`  ratio              ${ratio(0.5)}    p50  ${ratio(0.99)}    p99`)
}

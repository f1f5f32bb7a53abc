import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs'
import { Partitioners } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { compare, measure, percentile } from './measure.js'

const PARTITIONS = 4
const PER_PARTITION = 25_000
const value = Buffer.alloc(100, 'x')
const TOTAL = PARTITIONS * PER_PARTITION

let groups = 0

/** Reads what lies in an event hub from its beginning, with `eachBatch`. */
export async function consume(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS })
  await fill(bench, topic)
  await compare(
    `consume: ${TOTAL.toLocaleString('en')} × ${value.length} B from ${PARTITIONS} partitions, eachBatch, from subscribing to the last`,
    5,
    {
      name: 'kafkajs-eventhubs',
      async run() {
        const consumer = bench.kafka.consumer({ groupId: `bench-${groups++}` })
        await consumer.connect()
        await consumer.subscribe({ topics: [topic], fromBeginning: true })
        let seen = 0
        const sample = await measure(TOTAL, () => {
          return new Promise((resolve, reject) => {
            consumer
              .run({
                partitionsConsumedConcurrently: PARTITIONS,
                eachBatch: async ({ batch }) => {
                  seen += batch.messages.length
                  if (seen === TOTAL) resolve()
                },
              })
              .catch(reject)
          })
        })
        await consumer.disconnect()
        return sample
      },
    },
    {
      name: 'raw SDK',
      async run() {
        const client = new EventHubConsumerClient('$Default', bench.connectionString, topic)
        let seen = 0
        const sample = await measure(TOTAL, () => {
          return new Promise((resolve, reject) => {
            for (let partition = 0; partition < PARTITIONS; partition++) {
              client.subscribe(
                String(partition),
                {
                  processEvents: async (events) => {
                    seen += events.length
                    if (seen === TOTAL) resolve()
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
      },
    },
  )
}

async function fill(bench: Bench, topic: string) {
  const producer = new EventHubProducerClient(bench.connectionString, topic)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (let i = 0; i < PER_PARTITION; i += 2500) {
      const batch = await producer.createBatch({ partitionId: String(partition) })
      for (let j = 0; j < 2500; j++) batch.tryAdd({ body: value })
      await producer.sendBatch(batch)
    }
  }
  await producer.close()
}

const PINGS = 200

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
  console.log(`  ratio              ${(percentile(ours, 0.5) / percentile(raw, 0.5)).toFixed(2).padStart(8)} p50`)
}

import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs'
import type { Kafka as KafkaJS } from 'kafkajs'
import type { Batch, Kafka } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { compare, isQuick, measure } from './measure.js'

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

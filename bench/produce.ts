import { EventHubProducerClient } from '@azure/event-hubs'
import { Partitioners } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { compare, measure } from './measure.js'

const value = Buffer.alloc(100, 'x')
const SENDS = 100
const PER_SEND = 500

/** Sends of 500 messages of 100 bytes, one after the other. */
export async function produce(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: 1, count: 10_000 })
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const raw = new EventHubProducerClient(bench.connectionString, topic)
  await producer.connect()
  await compare(
    `produce: sends of ${PER_SEND} × ${value.length} B to one partition`,
    7,
    {
      name: 'kafkajs-eventhubs',
      run: () =>
        measure(SENDS * PER_SEND, async () => {
          for (let i = 0; i < SENDS; i++) {
            const messages = Array.from({ length: PER_SEND }, () => ({ value, partition: 0 }))
            await producer.send({ topic, messages })
          }
        }),
    },
    {
      name: 'raw SDK',
      run: () =>
        measure(SENDS * PER_SEND, async () => {
          for (let i = 0; i < SENDS; i++) {
            const batch = await raw.createBatch({ partitionId: '0' })
            for (let j = 0; j < PER_SEND; j++) batch.tryAdd({ body: value })
            await raw.sendBatch(batch)
          }
        }),
    },
  )
  await Promise.all([producer.disconnect(), raw.close()])
}

const SINGLES = 40_000
const IN_FLIGHT = 200
const PARTITIONS = 8

/** Sends of one message, 200 of them in flight. */
export async function singleSends(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: 10_000 })
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const raw = new EventHubProducerClient(bench.connectionString, topic)
  await producer.connect()

  const inFlight = (send: (i: number) => Promise<unknown>) => async () => {
    let next = 0
    const worker = async () => {
      while (next < SINGLES) await send(next++)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  }

  await compare(
    `single-sends: one message of ${value.length} B a send, ${IN_FLIGHT} in flight, ${PARTITIONS} partitions`,
    5,
    {
      name: 'kafkajs-eventhubs',
      run: () =>
        measure(
          SINGLES,
          inFlight((i) => producer.send({ topic, messages: [{ value, partition: i % PARTITIONS }] })),
        ),
    },
    {
      name: 'raw SDK',
      run: () =>
        measure(
          SINGLES,
          inFlight((i) => raw.sendBatch([{ body: value }], { partitionId: String(i % PARTITIONS) })),
        ),
    },
  )
  await Promise.all([producer.disconnect(), raw.close()])
}

import { EventHubProducerClient } from '@azure/event-hubs'
import { Partitioners as KafkaJSPartitioners } from 'kafkajs'
import { Partitioners } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { compare, isQuick, measure } from './measure.js'

const value = Buffer.alloc(100, 'x')
const SENDS = 100
const PER_SEND = 500

/** Sends of 500 messages of 100 bytes, one after the other. */
export async function produce(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: 1, count: 10_000 })
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const kafkajs = bench.kafkajs.producer({ createPartitioner: KafkaJSPartitioners.DefaultPartitioner })
  const raw = new EventHubProducerClient(bench.connectionString, topic)
  await Promise.all([producer.connect(), kafkajs.connect()])
  const sends = (to: typeof producer | typeof kafkajs) => () =>
    measure(SENDS * PER_SEND, async () => {
      for (let i = 0; i < SENDS; i++) {
        const messages = Array.from({ length: PER_SEND }, () => ({ value, partition: 0 }))
        await to.send({ topic, messages })
      }
    })
  await compare(
    `produce: sends of ${PER_SEND} × ${value.length} B to one partition`,
    isQuick ? 3 : 7,
    { name: 'kafkajs-eventhubs', run: sends(producer) },
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
    { name: 'kafkajs', run: sends(kafkajs) },
  )
  await Promise.all([producer.disconnect(), kafkajs.disconnect(), raw.close()])
}

/** The same sends by an idempotent producer, against one that is not. */
export async function idempotent(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: 10_000 })
  const open = async (isIdempotent: boolean) => {
    const { DefaultPartitioner: createPartitioner } = Partitioners
    const producer = bench.kafka.producer({ createPartitioner, idempotent: isIdempotent })
    await producer.connect()
    return producer
  }
  const once = await open(true)
  const plain = await open(false)
  const batches = (producer: typeof once) => () =>
    measure(SENDS * PER_SEND, async () => {
      for (let i = 0; i < SENDS; i++) {
        const messages = Array.from({ length: PER_SEND }, () => ({ value, partition: 0 }))
        await producer.send({ topic, messages })
      }
    })
  const singles = (producer: typeof once) => () =>
    measure(
      SINGLES,
      inFlight((i) => producer.send({ topic, messages: [{ value, partition: i % PARTITIONS }] })),
    )
  await compare(
    `idempotent: sends of ${PER_SEND} × ${value.length} B to one partition`,
    isQuick ? 3 : 7,
    { name: 'idempotent', run: batches(once) },
    { name: 'not', run: batches(plain) },
  )
  await compare(
    `idempotent: one message of ${value.length} B a send, ${IN_FLIGHT} in flight, ${PARTITIONS} partitions`,
    isQuick ? 3 : 5,
    { name: 'idempotent', run: singles(once) },
    { name: 'not', run: singles(plain) },
  )
  await Promise.all([once.disconnect(), plain.disconnect()])
}

const SINGLES = 40_000
const IN_FLIGHT = 200
const PARTITIONS = 8

function inFlight(send: (i: number) => Promise<unknown>): () => Promise<void> {
  return async () => {
    let next = 0
    const worker = async () => {
      while (next < SINGLES) await send(next++)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  }
}

/** Sends of one message, 200 of them in flight. */
export async function singleSends(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: 10_000 })
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const raw = new EventHubProducerClient(bench.connectionString, topic)
  await producer.connect()

  await compare(
    `single-sends: one message of ${value.length} B a send, ${IN_FLIGHT} in flight, ${PARTITIONS} partitions`,
    isQuick ? 3 : 5,
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

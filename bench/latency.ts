import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs'
import { Partitioners as KafkaJSPartitioners } from 'kafkajs'
import { type Consumer, Partitioners, type Producer } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { isQuick, percentile } from './measure.js'

/** How long a side sends in one round, ms. */
const ROUND = isQuick ? 1000 : 2000
const ROUNDS = isQuick ? 3 : 5

/** Ms between two sends, and how many at a time. */
const rates = [
  { title: 'one message per 5 ms', interval: 5, count: 1 },
  { title: '1,000 messages a second', interval: 5, count: 5 },
]

/** One way to send a message and to hear of it; the message is a number. */
interface Side {
  readonly name: string
  send(value: string): Promise<unknown>
  /** Called with each message that is handled. */
  arrived: (value: string) => void
  close(): Promise<void>
}

/** From `send` to the handler, at two rates: each message is sent by itself when its time has come. */
export async function latency(bench: Bench): Promise<void> {
  const sides = [await kafkaSide(bench), await rawSide(bench), await kafkajsSide(bench)]
  for (const { title, interval, count } of rates) {
    const times = sides.map((): number[] => [])
    for (const side of sides) await pace(side, { interval, count, time: ROUND / 2 }) // Warms up; not counted.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, side] of sides.entries()) {
        times[index]!.push(...(await pace(side, { interval, count, time: ROUND })))
      }
    }
    console.log(`\nlatency: ${title}, from send to the handler`)
    const figures = times.map((list) => [percentile(list, 0.5), percentile(list, 0.99)] as const)
    for (const [index, [p50, p99]] of figures.entries()) {
      const { name } = sides[index]!
      console.log(`  ${name.padEnd(18)} ${p50.toFixed(1).padStart(8)} ms p50  ${p99.toFixed(1).padStart(8)} ms p99`)
    }
    const [ours, ...others] = figures
    for (const [index, other] of others.entries()) {
      const ratio = (of: 0 | 1) => (ours![of] / other[of]).toFixed(2).padStart(8)
      console.log(`  ${`÷ ${sides[index + 1]!.name}`.padEnd(18)} ${ratio(0)}    p50  ${ratio(1)}    p99`)
    }
  }
  for (const side of sides) await side.close()
}

/** Sends for a time, and waits for all to arrive; how long each took, ms. */
async function pace(side: Side, { interval, count, time }: { interval: number; count: number; time: number }) {
  const times: number[] = []
  const sent = new Map<string, number>()
  const total = Math.floor(time / interval) * count
  let next = 0
  const arrived = new Promise<void>((resolve) => {
    side.arrived = (value) => {
      const at = sent.get(value)
      if (at === undefined) return
      sent.delete(value)
      times.push(performance.now() - at)
      if (times.length === total) resolve()
    }
  })
  const begun = performance.now()
  await new Promise<void>((resolve, reject) => {
    const timer = setInterval(() => {
      // As many as are due: a timer may be late.
      const due = Math.min(total, Math.floor((performance.now() - begun) / interval) * count)
      for (; next < due; next++) {
        const value = `${messages++}`.padEnd(100, 'x')
        sent.set(value, performance.now())
        side.send(value).catch(reject)
      }
      if (next < total) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await arrived
  return times
}

let messages = 0
let groups = 0

async function kafkaSide(bench: Bench): Promise<Side> {
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = bench.kafka.consumer({ groupId: `latency-${groups++}` })
  return startSide('kafkajs-eventhubs', bench, producer, consumer)
}

async function kafkajsSide(bench: Bench): Promise<Side> {
  const producer = bench.kafkajs.producer({ createPartitioner: KafkaJSPartitioners.DefaultPartitioner })
  const consumer = bench.kafkajs.consumer({ groupId: `latency-${groups++}` })
  return startSide('kafkajs', bench, producer, consumer)
}

/** The same program for both libraries. */
async function startSide(
  name: string,
  bench: Bench,
  producer: Pick<Producer, 'connect' | 'send' | 'disconnect'>,
  consumer: Pick<Consumer, 'connect' | 'subscribe' | 'run' | 'disconnect'>,
): Promise<Side> {
  const topic = await bench.createEventHub({ partitionCount: 1 })
  const side: Side = {
    name,
    send: (value) => producer.send({ topic, messages: [{ value }] }),
    arrived: () => {},
    close: async () => void (await Promise.all([producer.disconnect(), consumer.disconnect()])),
  }
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => side.arrived(String(message.value)) })
  return side
}

async function rawSide(bench: Bench): Promise<Side> {
  const topic = await bench.createEventHub({ partitionCount: 1 })
  const producer = new EventHubProducerClient(bench.connectionString, topic)
  const consumer = new EventHubConsumerClient('$Default', bench.connectionString, topic)
  const side: Side = {
    name: 'raw SDK',
    send: (value) => producer.sendBatch([{ body: Buffer.from(value) }], { partitionId: '0' }),
    arrived: () => {},
    close: async () => {
      await subscription.close()
      await Promise.all([producer.close(), consumer.close()])
    },
  }
  const subscription = consumer.subscribe(
    '0',
    {
      processEvents: async (events) => {
        for (const { body } of events) side.arrived(String(body))
      },
      processError: async () => {},
    },
    { startPosition: { sequenceNumber: -1 }, maxBatchSize: 100, skipParsingBodyAsJson: true },
  )
  return side
}

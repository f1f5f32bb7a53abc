import { setTimeout as sleep } from 'node:timers/promises'
import { EventHubConsumerClient, EventHubProducerClient, latestEventPosition } from '@azure/event-hubs'
import type { Bench } from './emulator.js'

const PARTITIONS = 4
const BATCH = 500
const SECONDS = 20
const RETAINED = 10_000
const body = Buffer.alloc(100, 'x')

/** The emulator itself: 100 B events in and out at once, with the raw SDK as its client on the other core. */
export async function emulator(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: RETAINED })
  const producer = new EventHubProducerClient(bench.connectionString, topic)
  const consumer = new EventHubConsumerClient('$Default', bench.connectionString, topic)
  let eventsIn = 0
  let eventsOut = 0
  let producing = true
  const subscriptions = Array.from({ length: PARTITIONS }, (_, partition) =>
    consumer.subscribe(
      String(partition),
      {
        processEvents: async (events) => {
          eventsOut += events.length
        },
        processError: async (error) => console.error(error),
      },
      { startPosition: latestEventPosition, maxBatchSize: BATCH, skipParsingBodyAsJson: true },
    ),
  )
  await sleep(1000)
  const produce = async (partition: number) => {
    while (producing) {
      // As fast as the readers are: what they have not read must not fall out of retention.
      if (eventsIn - eventsOut > 10_000) {
        await sleep(1)
        continue
      }
      const batch = await producer.createBatch({ partitionId: String(partition) })
      for (let i = 0; i < BATCH; i++) batch.tryAdd({ body })
      await producer.sendBatch(batch)
      eventsIn += BATCH
    }
  }
  const production = Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => produce(partition)))
  await sleep(5000)
  const before = { eventsIn, eventsOut, at: performance.now(), memory: await bench.memory() }
  await sleep(SECONDS * 1000)
  const seconds = (performance.now() - before.at) / 1000
  const rate = (count: number) => Math.round(count / seconds).toLocaleString('en')
  const memory = await bench.memory()
  producing = false
  await production
  console.log('\nemulator: 100 B events in and out at once, the raw SDK as client')
  console.log(
    `  in ${rate(eventsIn - before.eventsIn)} events/s, out ${rate(eventsOut - before.eventsOut)} events/s; ` +
      `its memory ${Math.round(before.memory / 2 ** 20)} MiB, ${SECONDS} s later ${Math.round(memory / 2 ** 20)} MiB, ` +
      `keeping ${(PARTITIONS * RETAINED).toLocaleString('en')} events`,
  )
  await Promise.all(subscriptions.map((subscription) => subscription.close()))
  await Promise.all([producer.close(), consumer.close()])
}

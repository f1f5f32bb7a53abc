import { EventHubProducerClient } from '@azure/event-hubs'
import { endChild, startChild } from './child.js'
import type { Bench } from './emulator.js'
import { median } from './measure.js'

const PARTITIONS = 32
const EVENT_BYTES = 900_000
const EACH = 30
/** At most. */
const SECONDS = 60
const MAX_BYTES = 10_485_760
const MIB = 1024 * 1024

/** 32 partitions full of events of 900 KB, and a handler that takes 100 ms for each: how much is held in memory. */
export async function memory(bench: Bench): Promise<void> {
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS })
  const producer = new EventHubProducerClient(bench.connectionString, topic)
  const body = Buffer.alloc(EVENT_BYTES, 'x')
  for (let i = 0; i < EACH; i++) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await producer.sendBatch([{ body }], { partitionId: String(partition) })
    }
  }
  await producer.close()

  const given = { connectionString: bench.connectionString, topic, handlerTime: 100 }
  const child = startChild('./memory-consumer.ts', given, ['--expose-gc'])
  const samples: { handled: number; bytes: number }[] = []
  child.on('message', (sample: { handled: number; bytes: number }) => {
    if (sample.handled > 0 && sample.handled < EACH * PARTITIONS) samples.push(sample)
  })
  for (
    let waited = 0;
    waited < SECONDS * 4 && (samples.at(-1)?.handled ?? 0) < EACH * PARTITIONS - PARTITIONS;
    waited++
  ) {
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  await endChild(child)

  // The first event of each partition comes unasked: how large it is, nobody knows yet.
  const begun = samples.findIndex(({ handled }) => handled > 3 * PARTITIONS)
  const bytes = samples.slice(begun).map((sample) => sample.bytes)
  const half = Math.floor(bytes.length / 2)
  const bound = MAX_BYTES + PARTITIONS * EVENT_BYTES
  const mib = (value: number) => `${(value / MIB).toFixed(0)} MiB`
  const starting = Math.max(...samples.slice(0, begun).map((sample) => sample.bytes))
  console.log(
    `\nmemory: ${PARTITIONS} partitions, events of ${EVENT_BYTES / 1000} KB, a handler of 100 ms, after garbage collection`,
  )
  console.log(
    `  held, most         ${mib(Math.max(...bytes)).padStart(8)}  of ${mib(bound)}: maxBytes and an event for each partition; ${mib(starting)} with the first events of all`,
  )
  console.log(
    `  held, median       ${mib(median(bytes.slice(0, half))).padStart(8)}  in the first half, ${mib(median(bytes.slice(half)))} in the second (${samples.at(-1)?.handled} events handled)`,
  )
}

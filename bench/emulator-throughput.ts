import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './emulator.js'
import { publish, read } from './raw-amqp.js'

const PARTITIONS = 4
const BATCH = 500
const BODY = 100
const SECONDS = 5
const RETAINED = 100_000
/** What may be stored and not yet read: below what is kept, or the readers would skip. */
const MAX_BEHIND = 50_000

/**
 * The emulator itself, with 100 B events and a client that does next to nothing on the other core: publishing alone, both
 * directions at once, and several readers of the same events.
 */
export async function emulator(bench: Bench): Promise<void> {
  console.log('\nemulator: 100 B events, hand-written frames as client')
  await measure(bench, 'in alone', 0)
  await measure(bench, 'in, and out to one reader', 1)
  await measure(bench, 'in, and out to four readers', 4)
}

async function measure(bench: Bench, title: string, readersPerPartition: number): Promise<void> {
  const hub = await bench.createEventHub({ partitionCount: PARTITIONS, count: RETAINED })
  const { port } = bench
  const key = 'SAS_KEY_VALUE'
  let eventsIn = 0
  let eventsOut = 0
  let producing = true
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => String(partition))
  const onEvents = (count: number) => {
    eventsOut += count
  }
  const readers = await Promise.all(
    partitions.flatMap((partition) =>
      Array.from({ length: readersPerPartition }, () => read({ port, key, hub, partition, onEvents })),
    ),
  )
  const mayGo = () =>
    producing && (readersPerPartition === 0 || eventsIn - eventsOut / readersPerPartition < MAX_BEHIND)
  const onAccepted = (events: number) => {
    eventsIn += events
  }
  const publishers = await Promise.all(
    partitions.map((partition) =>
      publish({ port, key, hub, partition, eventsPerBatch: BATCH, bodySize: BODY, mayGo, onAccepted }),
    ),
  )
  await sleep(1000)
  const before = { eventsIn, eventsOut, at: performance.now() }
  await sleep(SECONDS * 1000)
  const seconds = (performance.now() - before.at) / 1000
  const rate = (count: number) => Math.round(count / seconds).toLocaleString('en')
  const memory = await bench.memory()
  producing = false
  for (const socket of [...readers, ...publishers]) socket.destroy()
  console.log(
    `  ${title}: in ${rate(eventsIn - before.eventsIn)} events/s, out ${rate(eventsOut - before.eventsOut)} events/s; ` +
      `its memory ${Math.round(memory / 2 ** 20)} MiB`,
  )
}

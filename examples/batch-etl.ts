/**
 * Extract, transform, load: reads batches, writes what comes of each to another topic in one send, and commits only what
 * has been written. A batch that fails half-way is read again from the last message that was loaded.
 *
 *     npx tsx examples/batch-etl.ts
 */
import { pathToFileURL } from 'node:url'
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

interface Reading {
  readonly sensor: string
  readonly celsius: number
}

/** Runs until `count` readings are loaded. Resolves with what was loaded. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'readings' }, { name: 'fahrenheit' }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'etl' }), logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'etl' })
  await producer.connect()
  const readings: Reading[] = Array.from({ length: 200 }, (_, i) => ({ sensor: `s${i % 5}`, celsius: i }))
  await producer.send({
    topic: 'readings',
    messages: readings.map((reading) => ({ key: reading.sensor, value: JSON.stringify(reading) })),
  })

  let loaded = 0
  await new Promise<void>((resolve, reject) => {
    load(consumer, producer, (count) => {
      loaded += count
      print(`${loaded} of ${readings.length}`)
      if (loaded >= readings.length) resolve()
    }).catch(reject)
  })
  await consumer.disconnect()
  await producer.disconnect()
  return (
    emulator.eventHubs
      .get('fahrenheit')
      ?.events()
      .map(({ body }) => JSON.parse(String(body)) as Reading) ?? []
  )
}

async function load(consumer: Consumer, producer: Producer, onLoaded: (count: number) => void): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topic: 'readings', fromBeginning: true })
  await consumer.run({
    // What is not resolved here is read again.
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 4,
    async eachBatch({ batch, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale }) {
      for (let from = 0; from < batch.messages.length; from += 50) {
        if (!isRunning() || isStale()) return
        const slice = batch.messages.slice(from, from + 50)
        const messages = slice.map(({ key, value }) => {
          const { sensor, celsius } = JSON.parse(String(value)) as Reading
          return { key, value: JSON.stringify({ sensor, fahrenheit: celsius * 1.8 + 32 }) }
        })
        await producer.send({ topic: 'fahrenheit', messages })
        resolveOffset(slice.at(-1)?.offset ?? batch.firstOffset() ?? '0')
        await commitOffsetsIfNecessary()
        onLoaded(slice.length)
      }
    },
  })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

/**
 * Metrics for Prometheus from what the clients tell of themselves: nothing is installed for it, and nothing listens to
 * events.
 *
 *     npx tsx examples/metrics.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { type KafkaDiagnostics, readDiagnostics } from 'kafkajs-eventhubs/diagnostics'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** The lines Prometheus reads. */
const toMetrics = ({ consumers, producers, checkpointStore }: KafkaDiagnostics): string => {
  const partitions = consumers.flatMap(({ groupId, partitions }) => partitions.map((one) => ({ groupId, ...one })))
  const labels = (of: object) => Object.entries(of).map(([name, value]) => `${name}=${JSON.stringify(`${value}`)}`)
  const lines = [
    ...partitions.map(({ groupId, topic, partition, lag }) => ['lag', { groupId, topic, partition }, lag] as const),
    ...producers.map(({ id, queuedBytes }) => ['queued_bytes', { id }, queuedBytes] as const),
    ...(checkpointStore?.calls ?? []).map(({ method, errors }) => ['store_errors_total', { method }, errors] as const),
  ]
  return lines.map(([name, of, value]) => `kafka_${name}{${labels(of)}} ${value ?? 'NaN'}\n`).join('')
}

/** Sends two messages, handles one, and gives what Prometheus would get then. */
export async function main(): Promise<string> {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  await using kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'shop' }), logLevel: logLevel.ERROR })
  const server = createServer((_request, response) => response.end(toMetrics(readDiagnostics(kafka)))).listen(0)

  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'tea' }, { value: 'coffee' }] })
  const consumer = kafka.consumer({ groupId: 'kitchen' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const metrics = await new Promise<string>((resolve, reject) => {
    const scrape = async () => {
      const { port } = server.address() as AddressInfo
      return (await fetch(`http://localhost:${port}/metrics`)).text()
    }
    consumer
      .run({
        // While the second message is at work, one is left.
        eachMessage: async ({ message }) => {
          if (String(message.value) === 'coffee') await scrape().then(resolve, reject)
        },
      })
      .catch(reject)
  })
  server.close()
  return metrics
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await main())

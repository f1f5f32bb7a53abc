/**
 * Only port 443 is open: AMQP over WebSockets, through a proxy if there is one.
 *
 *     npx tsx examples/websockets.ts
 *
 * Without `proxy`, `HTTPS_PROXY` and `NO_PROXY` are honoured.
 */
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Sends over WebSockets; `proxy` e.g. `http://proxy.internal:3128`. Resolves with what the emulator stored. */
export async function main(_connectionString?: string, _print?: (line: string) => void, proxy?: string) {
  await using emulator = await startEmulator({ eventHubs: ['orders'] })
  const { eventHubs, ...config } = emulator.kafkaConfig({ clientId: 'behind-a-proxy' })
  const kafka = new Kafka({
    ...config,
    logLevel: logLevel.ERROR,
    eventHubs: { ...eventHubs, transport: 'websockets', ...(proxy && { proxy }) },
  })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'through port 443' }] })
  await producer.disconnect()
  return (
    emulator.eventHubs
      .get('orders')
      ?.events()
      .map(({ body }) => String(body)) ?? []
  )
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

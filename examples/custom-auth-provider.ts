/**
 * Credentials from wherever you keep them. A provider is one method. Here it hands out shared access signatures that live
 * ten minutes, as a backend gives them to its clients; it is asked again before one ends.
 *
 *     npx tsx examples/custom-auth-provider.ts    starts an emulator of its own
 */
import { createHmac } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { type AuthProvider, Kafka } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const policy = { name: 'backend', key: 'what the backend alone knows' }

const auth: AuthProvider = {
  getCredential({ fullyQualifiedNamespace }) {
    const resource = encodeURIComponent(`sb://${fullyQualifiedNamespace}/`)
    const end = Math.floor(Date.now() / 1000) + 600
    const hash = encodeURIComponent(createHmac('sha256', policy.key).update(`${resource}\n${end}`).digest('base64'))
    return { signature: `SharedAccessSignature sr=${resource}&sig=${hash}&se=${end}&skn=${policy.name}` }
  },
}

/** Sends a message with such a signature, and gives what the send resolved with. */
export async function main(print = console.log) {
  await using emulator = await startEmulator({ sharedAccessKeys: [policy] })
  const { brokers } = emulator.kafkaConfig({ clientId: 'custom-auth' })
  const kafka = new Kafka({ clientId: 'custom-auth', brokers, logLevel: 1, eventHubs: { auth } })
  const producer = kafka.producer()
  await producer.connect()
  const sent = await producer.send({ topic: 'orders', messages: [{ key: 'order-1', value: 'let in by a signature' }] })
  print(`Sent to partition ${sent[0]?.partition}`)
  await producer.disconnect()
  return sent
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

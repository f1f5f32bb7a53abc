/**
 * A program of its own that reaches an emulator over TLS: certificates are trusted through NODE_EXTRA_CA_CERTS, which Node
 * reads when it starts. Takes host:port, an event hub, and a bearer token or a connection string; sends an event, reads it
 * back and prints it.
 */

import { type EventHubClientOptions, EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs'

const [address = '', hub = '', secret = ''] = process.argv.slice(2)
const options: EventHubClientOptions = {
  customEndpointAddress: `sb://${address}`,
  retryOptions: { maxRetries: 0, timeoutInMs: 10_000 },
}

async function main(): Promise<void> {
  const isConnectionString = secret.startsWith('Endpoint=')
  const credential = { getToken: async () => ({ token: secret, expiresOnTimestamp: Date.now() + 3_600_000 }) }
  const producer = isConnectionString
    ? new EventHubProducerClient(secret, hub, options)
    : new EventHubProducerClient('localhost', hub, credential, options)
  const consumer = isConnectionString
    ? new EventHubConsumerClient('$Default', secret, hub, options)
    : new EventHubConsumerClient('$Default', 'localhost', hub, credential, options)
  try {
    await producer.sendBatch([{ body: 'over TLS' }], { partitionId: '0' })
    const body = await new Promise<unknown>((resolve, reject) => {
      const subscription = consumer.subscribe(
        '0',
        {
          processEvents: async ([event]) => {
            if (event) await subscription.close().then(() => resolve(event.body))
          },
          processError: async (error) => reject(error),
        },
        { startPosition: { sequenceNumber: -1 } },
      )
    })
    process.stdout.write(`${JSON.stringify({ body })}\n`)
  } finally {
    await producer.close()
    await consumer.close()
  }
}

main().catch((error: { code?: string; message: string }) => {
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`)
})

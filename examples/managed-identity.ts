/**
 * No secrets: a managed identity (or whatever `DefaultAzureCredential` finds) for Event Hubs and for the blob container with
 * the offsets. Roles: *Azure Event Hubs Data Sender* and *Data Receiver* on the namespace, *Storage Blob Data Contributor* on
 * the container.
 *
 *     EVENTHUBS_NAMESPACE=my-namespace.servicebus.windows.net \
 *     CHECKPOINT_CONTAINER=https://myaccount.blob.core.windows.net/checkpoints \
 *     npx tsx examples/managed-identity.ts
 */
import { pathToFileURL } from 'node:url'
import { azureAdAuth, Kafka, type KafkaConfig } from 'kafkajs-eventhubs'

/** What `new Kafka()` is given. A container given by its URL is reached with the same credential. */
export function configuration(namespace: string, container: string): KafkaConfig {
  return {
    clientId: 'billing',
    brokers: [`${namespace}:9093`],
    ssl: true,
    eventHubs: { auth: azureAdAuth(), checkpointStore: container },
  }
}

export async function main(
  namespace = process.env['EVENTHUBS_NAMESPACE'],
  container = process.env['CHECKPOINT_CONTAINER'],
) {
  if (!namespace || !container) throw new Error('Set EVENTHUBS_NAMESPACE and CHECKPOINT_CONTAINER')
  const consumer = new Kafka(configuration(namespace, container)).consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders' })
  await consumer.run({ eachMessage: async ({ message }) => console.log(String(message.value)) })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

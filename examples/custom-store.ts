/**
 * A checkpoint store of one's own: four methods, and the rule that a claim succeeds only over the version it names. This one
 * keeps everything in a Map; in its place could be any database with a conditional write.
 *
 *     npx tsx examples/custom-store.ts
 */
import { randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { type Checkpoint, type CheckpointStore, Kafka, logLevel, type PartitionOwnership } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Keeps ownership and checkpoints in memory. */
export function createMapStore(): CheckpointStore {
  const owners = new Map<string, PartitionOwnership>()
  const checkpoints = new Map<string, Checkpoint>()
  const keyOf = (one: PartitionOwnership | Checkpoint) =>
    [one.fullyQualifiedNamespace, one.eventHubName, one.consumerGroup, one.partitionId].join('\n').toLowerCase()
  const within = (namespace: string, hub: string, group: string) => (one: PartitionOwnership | Checkpoint) =>
    keyOf({ ...one, partitionId: '' }) === [namespace, hub, group, ''].join('\n').toLowerCase()

  return {
    async claimOwnership(claims) {
      // Each by itself: those whose record has changed meanwhile are left out of the answer.
      return claims.flatMap((claim) => {
        const stored = owners.get(keyOf(claim))
        if (stored && stored.etag !== claim.etag) return []
        const claimed = { ...claim, etag: randomUUID(), lastModifiedTimeInMs: Date.now() }
        owners.set(keyOf(claim), claimed)
        return [{ ...claimed }]
      })
    },
    async listOwnership(namespace, hub, group) {
      return [...owners.values()].filter(within(namespace, hub, group)).map((one) => ({ ...one }))
    },
    async updateCheckpoint(checkpoint) {
      checkpoints.set(keyOf(checkpoint), { ...checkpoint })
    },
    async listCheckpoints(namespace, hub, group) {
      return [...checkpoints.values()].filter(within(namespace, hub, group)).map((one) => ({ ...one }))
    },
  }
}

/** Two consumers one after the other; the second goes on where the first stopped. Resolves with what each read. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const { eventHubs, ...config } = emulator.kafkaConfig({ clientId: 'custom-store' })
  const kafka = new Kafka({
    ...config,
    logLevel: logLevel.ERROR,
    eventHubs: { ...eventHubs, checkpointStore: createMapStore() },
  })
  const producer = kafka.producer()
  await producer.connect()

  const round = async (values: string[]) => {
    await producer.send({ topic: 'orders', messages: values.map((value) => ({ value })) })
    const consumer = kafka.consumer({ groupId: 'billing' })
    const read: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        read.push(String(message.value))
        if (read.length === values.length) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    await consumer.disconnect()
    print(`read ${read.join(', ')}`)
    return read
  }
  const first = await round(['a', 'b'])
  const second = await round(['c'])
  await producer.disconnect()
  return { first, second }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

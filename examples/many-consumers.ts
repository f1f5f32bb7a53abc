/**
 * Several members of one group: partitions are shared out, and when one leaves the others take its partitions.
 *
 *     npx tsx examples/many-consumers.ts
 *
 * In production each member is a process or a container of its own; what they share is the checkpoint store.
 */
import { pathToFileURL } from 'node:url'
import { type Consumer, Kafka, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Three members come, one leaves. Resolves with the partitions of each, before and after. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 6 }] })
  const shares = new Map<string, number[]>()

  const join = async (name: string): Promise<Consumer> => {
    const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: name }), logLevel: logLevel.ERROR })
    const consumer = kafka.consumer({ groupId: 'billing', heartbeatInterval: 200, sessionTimeout: 6000 })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      shares.set(name, payload.memberAssignment['orders'] ?? [])
      print(`${name} reads ${shares.get(name)?.join(', ')}`)
    })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await consumer.run({ partitionsConsumedConcurrently: 3, eachMessage: async () => {} })
    return consumer
  }
  const settled = async (members: number) => {
    const sizes = () => [...shares.values()].map((share) => share.length)
    while (shares.size !== members || sizes().some((size) => size !== 6 / members))
      await new Promise((resolve) => setTimeout(resolve, 50))
    return Object.fromEntries(shares)
  }

  const members = [await join('a'), await join('b'), await join('c')]
  const three = await settled(3)
  const [leaver, ...others] = members
  await leaver?.disconnect()
  shares.delete('a')
  const two = await settled(2)
  await Promise.all(others.map((member) => member.disconnect()))
  return { three, two }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

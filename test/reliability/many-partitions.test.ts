import { Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import { expect, it } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import { eventually } from '../support/eventually.js'

/** The most that an event hub has, on the dedicated tier. */
const partitions = 1024

it('a topic of 1,024 partitions is written and read, without a warning of Node.js', async () => {
  const warnings: string[] = []
  const onWarning = ({ name, message }: Error) => warnings.push(`${name}: ${message}`)
  process.on('warning', onWarning)
  try {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: partitions }] })
    const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'many' }), logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: 'x' }))
    await producer.send({ topic: 'orders', messages })
    const seen = new Set<number>()
    const consumer = kafka.consumer({ groupId: 'many' })
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await consumer.run({
      partitionsConsumedConcurrently: 50,
      eachMessage: async ({ partition }) => void seen.add(partition),
    })
    await eventually(() => expect(seen.size).toBe(partitions), { timeout: 30_000 })
    await Promise.all([consumer.disconnect(), producer.disconnect()])
    expect(warnings).toEqual([])
  } finally {
    process.off('warning', onWarning)
  }
})

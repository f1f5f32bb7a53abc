import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startEmulator } from 'kafkajs/emulator'

let emulator
let directory
beforeAll(async () => {
  emulator = await startEmulator()
  directory = mkdtempSync(join(tmpdir(), 'offsets-'))
})
afterAll(async () => {
  await emulator.close()
  rmSync(directory, { recursive: true })
})

test.each(['amqp', 'websockets'])(
  'creates a topic, sends and reads: %s',
  async (transport) => {
    const config = emulator.kafkaConfig({ clientId: 'bun' })
    const eventHubs = { ...config.eventHubs, transport, checkpointStore: `file:${directory}` }
    const kafka = new Kafka({ ...config, logLevel: logLevel.NOTHING, eventHubs })
    const admin = kafka.admin()
    await admin.createTopics({ topics: [{ topic: transport, numPartitions: 1 }] })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic: transport, messages: [{ value: 'espresso' }] })
    await producer.disconnect()
    const consumer = kafka.consumer({ groupId: 'g' })
    await consumer.subscribe({ topic: transport, fromBeginning: true })
    const value = await new Promise((resolve) => {
      void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
    })
    expect(value).toBe('espresso')
    await consumer.disconnect()
    expect(await admin.fetchOffsets({ groupId: 'g', topics: [transport] })).toMatchObject([
      { partitions: [{ offset: '1' }] },
    ])
    await admin.disconnect()
  },
  30_000,
)

import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { startEmulator } from 'kafkajs/emulator'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

let emulator
let kafka
beforeAll(async () => {
  emulator = await startEmulator()
  kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'vitest' }), logLevel: logLevel.NOTHING })
})
afterAll(() => emulator.close())
afterEach(() => vi.useRealTimers())

test('what is sent is read', async () => {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] })
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const handled = vi.fn()
  await consumer.run({ eachMessage: async ({ message }) => handled(String(message.value)) })
  await vi.waitFor(() => expect(handled).toHaveBeenCalledWith('espresso'), { timeout: 20_000 })
  await consumer.disconnect()
  await producer.disconnect()
}, 30_000)

test('a send goes through while the clock stands still', async () => {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  vi.useFakeTimers()
  const sends = Array.from({ length: 10 }, (_, n) => producer.send({ topic: 'stopped', messages: [{ value: `${n}` }] }))
  await Promise.all(sends)
  vi.useRealTimers()
  await producer.disconnect()
}, 30_000)

import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { openTarget, type Target } from '../../support/harness.js'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(() => target[Symbol.asyncDispose]())

it('reads, and ends, where a test has stopped the clock before, as kafkajs does', async () => {
  const topic = await target.createTopic()
  const kafka = new Kafka(target.config({ logLevel: logLevel.NOTHING }))
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'stopped-clock' })
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'first' }] })
  // Not setImmediate, which the emulator needs in this process.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const value = await new Promise((resolve) => {
    void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
  })
  expect(value).toBe('first')
  await consumer.disconnect()
  await producer.disconnect()
})

import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Kafka, type Producer } from '../../../src/index.js'
import { openTarget, type Target } from '../../support/harness.js'

let target: Target
let producer: Producer
beforeAll(async () => {
  target = await openTarget()
  producer = new Kafka(target.config()).producer()
  await producer.connect()
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(async () => {
  await producer.disconnect()
  await target[Symbol.asyncDispose]()
})

it('sends where a test has stopped the clock, as kafkajs does', async () => {
  const topic = await target.createTopic()
  vi.useFakeTimers()
  expect(await producer.send({ topic, messages: [{ value: 'first' }] })).toHaveLength(1)
  const sends = Array.from({ length: 20 }, (_, n) => producer.send({ topic, messages: [{ value: String(n) }] }))
  expect(await Promise.all(sends)).toHaveLength(20)
})

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Kafka, logLevel, Partitioners } = require('kafkajs')
const { default: AsyncRetryHelper } = require('kafkajs-async-retry')
const { startEmulator } = require('kafkajs/emulator')

test('a message that fails goes by way of the retry topics to the dead-letter queue', async () => {
  const names = ['orders', 'billing-retry-1', 'billing-retry-2', 'billing-dlq']
  const emulator = await startEmulator({ eventHubs: names.map((name) => ({ name, partitionCount: 1 })) })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'retry' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const helper = new AsyncRetryHelper({ producer, groupId: 'billing', retryDelays: [0.05, 0.1], maxRetries: 2 })

  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.subscribe({ topics: ['orders', helper.retryTopicPattern], fromBeginning: true })
  const seen = []
  await consumer.run({
    eachMessage: helper.eachMessage(async ({ topic, originalTopic, previousAttempts }) => {
      seen.push({ topic, originalTopic, previousAttempts })
      throw new Error('not today')
    }),
  })
  const dead = kafka.consumer({ groupId: 'undertaker' })
  await dead.subscribe({ topic: 'billing-dlq', fromBeginning: true })
  const buried = new Promise(
    (resolve) => void dead.run({ eachMessage: async ({ message }) => resolve(String(message.value)) }),
  )

  await producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] })
  assert.equal(await buried, 'espresso')
  assert.deepEqual(seen, [
    { topic: 'orders', originalTopic: 'orders', previousAttempts: 0 },
    { topic: 'billing-retry-1', originalTopic: 'orders', previousAttempts: 1 },
    { topic: 'billing-retry-2', originalTopic: 'orders', previousAttempts: 2 },
  ])
  await dead.disconnect()
  await consumer.disconnect()
  await producer.disconnect()
  await emulator.close()
})

const assert = require('node:assert/strict')
const { test } = require('node:test')

/** The agent, which collects and does not connect: what it would send stays in the process. */
function startAgent() {
  Object.assign(process.env, {
    NEW_RELIC_NO_CONFIG_FILE: 'true',
    NEW_RELIC_APP_NAME: 'shop',
    NEW_RELIC_LOG_ENABLED: 'false',
    NEW_RELIC_SERVERLESS_MODE_ENABLED: 'true',
    NEW_RELIC_ACCOUNT_ID: '1',
    NEW_RELIC_TRUSTED_ACCOUNT_KEY: '1',
    NEW_RELIC_PRIMARY_APPLICATION_ID: '1',
    // It is off by itself, for kafkajs too.
    NEW_RELIC_FEATURE_FLAG_KAFKAJS_INSTRUMENTATION: 'true',
  })
  return require('newrelic')
}

test('handling a message is a transaction on the trace of its sender', async () => {
  const newrelic = startAgent()
  const finished = []
  newrelic.agent.on('transactionFinished', (transaction) => finished.push(transaction))
  const { Kafka, logLevel, Partitioners } = require('kafkajs')
  const { startEmulator } = require('kafkajs/emulator')

  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'traced' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await newrelic.startBackgroundTransaction('checkout', () =>
    producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] }),
  )
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const headers = await new Promise((resolve) => {
    void consumer.run({ eachMessage: async ({ message }) => resolve(message.headers) })
  })
  await consumer.disconnect()
  await emulator.close()

  assert.ok(headers.traceparent)
  const [sender, handler] = finished
  assert.equal(sender.name, 'OtherTransaction/Nodejs/checkout')
  assert.equal(handler.name, 'OtherTransaction/Message/Kafka/Topic/Consume/Named/orders')
  assert.equal(handler.traceId, sender.traceId)
})

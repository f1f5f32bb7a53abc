const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createActionMessage, TopicSagaConsumer } = require('kafka-sagas')
const { Kafka, logLevel, Partitioners } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')

test('a saga takes an action and puts another, in its transaction', async () => {
  const emulator = await startEmulator({ eventHubs: ['BEGIN', 'DONE'].map((name) => ({ name, partitionCount: 1 })) })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'sagas' }), logLevel: logLevel.NOTHING })
  const saga = function* ({ payload }, { effects }) {
    const result = yield effects.callFn(async () => ({ ...payload, handled: true }))
    yield effects.put('DONE', result)
  }
  const sagas = new TopicSagaConsumer({
    kafka,
    topic: 'BEGIN',
    saga,
    loggerConfig: { logOptions: { level: 'silent' } },
  })
  await sagas.run()

  const done = kafka.consumer({ groupId: 'done' })
  await done.subscribe({ topic: 'DONE', fromBeginning: true })
  const finished = new Promise((resolve) => {
    void done.run({ eachMessage: async ({ message }) => resolve(JSON.parse(String(message.value))) })
  })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const begin = { topic: 'BEGIN', transaction_id: '1', payload: { order: 7 } }
  const message = createActionMessage({ action: begin })
  await producer.send({ topic: 'BEGIN', messages: [message] })

  const action = await finished
  assert.equal(action.transaction_id, '1')
  assert.deepEqual(action.payload, { order: 7, handled: true })
  await producer.disconnect()
  await done.disconnect()
  await sagas.disconnect()
  await emulator.close()
})

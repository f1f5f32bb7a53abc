const { Kafka, logLevel } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')

/** Jest stops `process.nextTick` too unless told not to, and the AMQP library beneath goes on in it. */
const doNotFake = ['nextTick']

let emulator
let producer
beforeAll(async () => {
  emulator = await startEmulator()
  producer = new Kafka({ ...emulator.kafkaConfig({ clientId: 'jest' }), logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
})
afterAll(async () => {
  await producer.disconnect()
  await emulator.close()
})
afterEach(() => jest.useRealTimers())

test('a send does not hang where time stands still', async () => {
  jest.useFakeTimers({ doNotFake })
  await expect(producer.send({ topic: 'orders', messages: [{ value: 'a' }] })).resolves.toHaveLength(1)
  await expect(producer.send({ topic: 'orders', messages: [{ value: 'b' }] })).resolves.toHaveLength(1)
})

test('nor does one of many messages at once', async () => {
  jest.useFakeTimers({ doNotFake })
  const sends = Array.from({ length: 20 }, (_, n) => producer.send({ topic: 'orders', messages: [{ value: `${n}` }] }))
  await expect(Promise.all(sends)).resolves.toHaveLength(20)
})

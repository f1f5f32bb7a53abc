const { Kafka, KafkaJSError, logLevel } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')
const { roundTrip } = require('./round-trip.js')

let emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const connect = (eventHubs) => {
  const config = { ...emulator.kafkaConfig({ clientId: 'jest' }), logLevel: logLevel.NOTHING }
  return new Kafka({ ...config, eventHubs: { ...config.eventHubs, ...eventHubs } })
}

test('sends and reads', async () => {
  await expect(roundTrip(connect())).resolves.toBe('hello')
})

test('sends and reads over WebSockets', async () => {
  await expect(roundTrip(connect({ transport: 'websockets' }), 'over-websockets')).resolves.toBe('hello')
})

test('manages topics', async () => {
  const admin = connect().admin()
  await admin.createTopics({ topics: [{ topic: 'managed', numPartitions: 2 }] })
  await expect(admin.listTopics()).resolves.toContain('managed')
  await admin.disconnect()
})

test('has errors of its own family', async () => {
  await expect(connect().producer().send({ topic: 't', messages: [] })).rejects.toBeInstanceOf(KafkaJSError)
})

test('can be spied on and mocked', () => {
  const kafkajs = require('kafkajs')
  const spy = jest.spyOn(kafkajs, 'Kafka').mockImplementation(() => ({ producer: () => 'a fake' }))
  expect(new kafkajs.Kafka().producer()).toBe('a fake')
  spy.mockRestore()
  expect(new kafkajs.Kafka({ brokers: ['localhost:5672'], logLevel: logLevel.NOTHING }).producer()).toHaveProperty(
    'send',
  )
})

/** A test of one's own program with the emulator: no Docker, no account, a port of its own. The same in Jest. */
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { type Emulator, startEmulator } from 'kafkajs-eventhubs/emulator'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** The program under test. */
async function placeOrder(kafka: Kafka, order: { id: string }): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic: 'orders', messages: [{ key: order.id, value: JSON.stringify(order) }] })
  } finally {
    await producer.disconnect()
  }
}

let emulator: Emulator
let kafka: Kafka

beforeAll(async () => {
  emulator = await startEmulator({ eventHubs: ['orders'] })
  kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'test' }), logLevel: logLevel.NOTHING })
})

afterAll(() => emulator.close())

it('an order is placed', async () => {
  await placeOrder(kafka, { id: 'order-1' })
  expect(
    emulator.eventHubs
      .get('orders')
      ?.events()
      .map(({ body }) => String(body)),
  ).toEqual(['{"id":"order-1"}'])
})

it('an order is placed though the service was busy', async () => {
  emulator.faults.throttle({ times: 2 })
  await placeOrder(kafka, { id: 'order-2' })
  expect(emulator.eventHubs.get('orders')?.events()).toHaveLength(2)
})

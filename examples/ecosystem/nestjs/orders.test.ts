import 'reflect-metadata'
import type { INestMicroservice } from '@nestjs/common'
import { type KafkaOptions, Transport } from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import { type Emulator, startEmulator } from 'kafkajs/emulator'
import { attempts, handled, Shop, shopModule } from './orders'

let emulator: Emulator
let app: INestMicroservice
let shop: Shop

beforeAll(async () => {
  const names = ['order.placed', 'order.price', 'order.price.reply', 'order.flaky']
  emulator = await startEmulator({ eventHubs: names.map((name) => ({ name, partitionCount: 1 })) })
  const client = { ...emulator.kafkaConfig({ clientId: 'nest' }), logLevel: 0 }
  const testing = await Test.createTestingModule({ imports: [shopModule(client)] }).compile()
  app = testing.createNestMicroservice<KafkaOptions>({
    transport: Transport.KAFKA,
    options: {
      client,
      consumer: { groupId: 'orders', retry: { initialRetryTime: 50 } },
      subscribe: { fromBeginning: true },
    },
  })
  app.useLogger(false)
  await app.listen()
  shop = app.get(Shop)
})

afterAll(async () => {
  await app.close()
  await emulator.close()
})

async function eventually(check: () => void): Promise<void> {
  for (const end = Date.now() + 20_000; ; ) {
    try {
      return check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

test('handles events', async () => {
  await shop.place('customer-1', { item: 'espresso' })
  await eventually(() => {
    expect(handled).toContainEqual({ order: { item: 'espresso' }, topic: 'order.placed', key: 'customer-1' })
  })
})

test('answers requests', async () => {
  await expect(shop.askPrice(4)).resolves.toEqual({ price: 12 })
})

test('sees a message again after a retriable exception', async () => {
  await shop.placeFlaky({ item: 'ristretto' })
  await eventually(() => expect(handled).toContainEqual({ item: 'ristretto' }))
  expect(attempts).toHaveLength(2)
  expect(new Set(attempts).size).toBe(1)
})

test('stops gracefully', async () => {
  const connections = () => emulator.stats.openConnections
  expect(connections()).toBeGreaterThan(0)
  await app.close()
  await eventually(() => expect(connections()).toBe(0))
})

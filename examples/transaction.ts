/**
 * Consume, transform, produce: reads orders, writes invoices, and commits the offsets of the orders with the invoices.
 *
 * Over AMQP Event Hubs has no transactions. `transactions: 'buffered'` holds what is sent until `commit()`, which then
 * publishes it and commits the offsets last. What that gives: an order whose handling fails leaves nothing behind, and one
 * that was not committed is read again. What it does not give: when the process dies inside `commit()`, some partitions
 * may have their invoices and others not, and the orders are read again, so invoices may be there twice. Consumers of
 * invoices must bear that, for instance by the key.
 *
 *     npx tsx examples/transaction.ts                                             starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/transaction.ts           a real namespace; topics `orders`, `invoices`
 */
import { pathToFileURL } from 'node:url'
import { type EachMessagePayload, Kafka } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const groupId = 'invoicing'

/** Turns five orders into invoices, one of them at the second attempt; gives what the emulator has of invoices. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  await using kafka = new Kafka({
    clientId: 'transaction-example',
    logLevel: 0,
    retry: { initialRetryTime: 50 },
    eventHubs: {
      connectionString: connectionString ?? emulator?.connectionString ?? '',
      checkpointStore: 'memory:',
      transactions: 'buffered',
    },
  })
  const orders = kafka.producer()
  await orders.connect()
  await orders.send({
    topic: 'orders',
    messages: [1, 2, 3, 4, 5].map((n) => ({ key: `order-${n}`, value: `${n}00 EUR` })),
  })

  const producer = kafka.producer({ transactionalId: 'invoicing' })
  await producer.connect()
  let failures = 1

  const invoice = async ({ topic, partition, message }: EachMessagePayload): Promise<void> => {
    const transaction = await producer.transaction()
    try {
      await transaction.send({
        topic: 'invoices',
        messages: [{ key: message.key, value: `invoice over ${message.value}` }],
      })
      if (message.key?.toString() === 'order-3' && failures-- > 0) throw new Error('the printer is on fire')
      await transaction.sendOffsets({
        consumerGroupId: groupId,
        topics: [{ topic, partitions: [{ partition, offset: String(Number(message.offset) + 1) }] }],
      })
      await transaction.commit()
      print(`${message.key} invoiced`)
    } catch (error) {
      await transaction.abort()
      print(`${message.key} aborted: ${(error as Error).message}`)
      // The consumer reads the order again.
      throw error
    }
  }

  const consumer = kafka.consumer({ groupId })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  let invoiced = 0
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer
      .run({
        // The transaction commits the offsets.
        autoCommit: false,
        async eachMessage(payload) {
          await invoice(payload)
          invoiced++
          if (invoiced === 5) resolve()
        },
      })
      .catch(reject)
  })

  const admin = kafka.admin()
  const committed = await admin.fetchOffsets({ groupId, topics: ['orders'] })
  const invoices =
    emulator?.eventHubs
      .get('invoices')
      ?.events()
      .map(({ body }) => body.toString()) ?? []
  return { invoices, committed }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

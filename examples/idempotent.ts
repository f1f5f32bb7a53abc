/**
 * An idempotent producer: a send that is repeated because its acknowledgement was lost leaves one copy. On the emulator
 * this loses some acknowledgements, and compares with a producer that is not idempotent.
 *
 *     npx tsx examples/idempotent.ts                                              starts an emulator of its own
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' npx tsx examples/idempotent.ts            a real namespace; topic `payments`
 */
import { pathToFileURL } from 'node:url'
import { Kafka } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

/** Sends 100 payments with each kind of producer; gives how many the emulator has of each kind. */
export async function main(connectionString = process.env['EVENTHUBS_CONNECTION_STRING'], print = console.log) {
  await using emulator = connectionString ? undefined : await startEmulator()
  const kafka = new Kafka({
    clientId: 'idempotent-example',
    logLevel: 0,
    eventHubs: { connectionString: connectionString ?? emulator?.connectionString ?? '' },
  })

  for (const idempotent of [false, true]) {
    const producer = kafka.producer({ idempotent })
    await producer.connect()
    // The first transfer is stored, and the connection breaks before the producer hears of it.
    emulator?.faults.loseDispositions({ times: 1 })
    const kind = producer.isIdempotent() ? 'once' : 'at least once'
    const messages = Array.from({ length: 100 }, (_, n) => ({ key: 'account', value: `${kind}: payment ${n}` }))
    await producer.send({ topic: 'payments', messages })
    await producer.disconnect()
  }

  const stored =
    emulator?.eventHubs
      .get('payments')
      ?.events()
      .map(({ body }) => body.toString()) ?? []
  const counts = {
    once: stored.filter((value) => value.startsWith('once')).length,
    atLeastOnce: stored.filter((value) => value.startsWith('at least once')).length,
  }
  if (emulator) print(`Of 100 payments each, stored: ${counts.once} idempotent, ${counts.atLeastOnce} otherwise`)
  return counts
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()

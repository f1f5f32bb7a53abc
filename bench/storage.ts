import { randomUUID } from 'node:crypto'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Consumer, Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import { startAzurite } from '../test/support/azurite.js'
import type { Bench } from './emulator.js'

const MEMBERS = [1, 4, 16]
const PARTITIONS = [4, 32, 256]
/** How long requests are counted, ms: two renewals of the leases. */
const WINDOW = 20_000

/** Requests a minute that a group with default timings makes to its blob container, idle and busy, counted before Azurite. */
export async function storage(bench: Bench): Promise<void> {
  await using azurite = await startAzurite()
  const target = new URL(azurite.accountUrl)
  const counts = { lists: 0, writes: 0, others: 0 }
  const proxy = createServer((incoming, outgoing) => {
    const { method = '', url = '' } = incoming
    if (/[?&]comp=list/.test(url)) counts.lists++
    else if (method === 'PUT') counts.writes++
    else counts.others++
    const { hostname, port } = target
    const asked = request({ hostname, port, method, path: url, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    // A call that was given up, or a connection that Azurite has closed.
    asked.on('error', () => outgoing.destroy())
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo

  console.log('\nstorage: requests a minute to the blob container, default timings')
  console.log('  members  partitions |  idle: lists  writes |  busy: lists  writes')
  for (const members of MEMBERS) {
    for (const partitions of PARTITIONS) {
      const topic = await bench.createEventHub({ partitionCount: partitions, count: 0 })
      const container = azurite.containerUrl(`c-${randomUUID()}`).replace(target.host, `127.0.0.1:${port}`)
      const kafka = new Kafka({
        clientId: 'storage',
        logLevel: logLevel.NOTHING,
        eventHubs: { connectionString: bench.connectionString, checkpointStore: container },
      })
      const consumers: Consumer[] = []
      for (let i = 0; i < members; i++) consumers.push(kafka.consumer({ groupId: 'g' }))
      await Promise.all(
        consumers.map(async (consumer) => {
          await consumer.subscribe({ topic, fromBeginning: true })
          await consumer.run({ eachMessage: async () => {} })
        }),
      )
      // Until the shares are settled.
      await wait(10_000)
      const idle = await counted(counts)
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      await producer.connect()
      const producing = setInterval(() => {
        const messages = Array.from({ length: partitions }, (_, partition) => ({ value: 'x', partition }))
        producer.send({ topic, messages }).catch(() => undefined)
      }, 1000)
      const busy = await counted(counts)
      clearInterval(producing)
      await producer.disconnect()
      await Promise.all(consumers.map((consumer) => consumer.disconnect()))
      const cells = [members, partitions, idle.lists, idle.writes, busy.lists, busy.writes]
      console.log(`  ${cells.map((cell) => String(cell).padStart(8)).join(' ')}`)
    }
  }
  proxy.closeAllConnections()
  proxy.close()
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What is counted in a while, as so many a minute. */
async function counted(counts: Record<'lists' | 'writes' | 'others', number>) {
  const before = { ...counts }
  await wait(WINDOW)
  const perMinute = (kind: keyof typeof counts) => Math.round(((counts[kind] - before[kind]) * 60_000) / WINDOW)
  return { lists: perMinute('lists'), writes: perMinute('writes') }
}

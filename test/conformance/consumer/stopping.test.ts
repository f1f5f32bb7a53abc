import { once } from 'node:events'
import net from 'node:net'
import {
  type CheckpointStore,
  type LogEntry,
  logLevel,
  memoryCheckpointStore,
  type PartitionOwnership,
} from 'kafkajs-eventhubs'
import { expect, it } from 'vitest'
import { listen, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { failingStore } from '../../support/failing-store.js'
import { scaled } from '../../support/pace.js'
import { shareEmulator } from '../../support/shared-target.js'

/** run(), stop() and disconnect() have an end, whatever handlers, the store and the service do. */

const target = shareEmulator()

const never = () => new Promise<never>(() => undefined)

async function openHanging(partitions = 1) {
  const entries: LogEntry[] = []
  const memory = memoryCheckpointStore()
  const claimed: PartitionOwnership[] = []
  let isHanging = false
  let unanswered = 0
  const reach =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      if (!isHanging) return call(...args)
      unanswered++
      return never()
    }
  const checkpointStore: CheckpointStore = {
    listOwnership: reach(memory.listOwnership),
    async claimOwnership(...args) {
      const ownerships = await reach(memory.claimOwnership)(...args)
      claimed.push(...ownerships)
      return ownerships
    },
    updateCheckpoint: reach(memory.updateCheckpoint),
    listCheckpoints: reach(memory.listCheckpoints),
  }
  const bench = await openBench(target, {
    partitions,
    kafka: {
      requestTimeout: 1500,
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => void entries.push(entry),
      eventHubs: { ...target.config().eventHubs, checkpointStore },
    },
  })
  return {
    bench,
    hang: () => {
      isHanging = true
    },
    unanswered: () => unanswered,
    /** Has somebody else take a partition's lease, as where this member is taken for dead. */
    async steal(partition: number) {
      const lease = claimed.findLast((one) => one.eventHubName === bench.topic && one.partitionId === String(partition))
      await memory.claimOwnership([{ ...(lease as PartitionOwnership), ownerId: 'stranger' }])
    },
    logged: (text: string) => entries.filter(({ log }) => log.message.includes(text)),
  }
}

it('ends though the store never answers again, with eight partitions to give up', async () => {
  const { bench, hang, logged } = await openHanging(8)
  await using _ = bench
  const consumer = bench.consumer()
  const { names } = listen(consumer, 'STOP')
  const reading = await bench.read(consumer)
  await bench.send(['a'], 3)
  await reading.count(1)
  hang()
  const begun = performance.now()
  await consumer.stop()
  // A look under way, the last commit, and what is given up: a requestTimeout each, and not one for each partition.
  expect(performance.now() - begun).toBeLessThan(scaled(8 * 1500))
  expect(names()).toEqual(['STOP'])
  expect(logged('Could not leave the group')).toHaveLength(1)
})

it('ends though a handler never does, waits for it once, and says which partition it is', async () => {
  const { bench, logged } = await openHanging()
  await using _ = bench
  await bench.send(['a'])
  const rebalanceTimeout = 2000
  const consumer = bench.consumer({ rebalanceTimeout })
  let isHandling = false
  await bench.read(consumer, {
    handle() {
      isHandling = true
      return never()
    },
  })
  await eventually(() => isHandling)
  let toldAt: number | undefined
  const told = () => logged(`Handlers have not ended within ${rebalanceTimeout} ms`)
  const stopped = consumer.stop()
  await eventually(() => {
    if (told().length === 0) return false
    toldAt = performance.now()
    return true
  })
  await stopped
  expect(performance.now() - (toldAt ?? 0)).toBeLessThan(scaled(rebalanceTimeout))
  expect(told().map(({ log }) => log['partitions'])).toEqual([[{ topic: bench.topic, partition: 0 }]])
})

it('has the run() of another member resolve though handlers never give its partition up', async () => {
  const { bench, logged } = await openHanging(2)
  await using _ = bench
  for (const partition of [0, 1]) await bench.send(['a'], partition)
  const rebalanceTimeout = 500
  const handling = new Set<number>()
  await bench.read(bench.consumer({ rebalanceTimeout }), {
    partitionsConsumedConcurrently: 2,
    handle({ partition }) {
      handling.add(partition)
      return never()
    },
  })
  await eventually(() => handling.size === 2)
  await bench.read(bench.consumer({ rebalanceTimeout }))
  expect(logged(`Not all partitions of this member are free after ${rebalanceTimeout} ms`)).toHaveLength(1)
})

it('ends though the handler of a partition that was lost never does, and says which it is', async () => {
  const { bench, steal, logged } = await openHanging()
  await using _ = bench
  await bench.send(['a'])
  const consumer = bench.consumer({ rebalanceTimeout: 300 })
  let isHandling = false
  await bench.read(consumer, {
    handle() {
      isHandling = true
      return never()
    },
  })
  await eventually(() => isHandling)
  await steal(0)
  await eventually(() => logged('Another owner has taken partitions').length > 0)
  await consumer.stop()
  const entries = logged('Handlers still run of partitions that were given up')
  expect(entries.map(({ log }) => log['partitions'])).toEqual([[{ topic: bench.topic, partition: 0 }]])
})

it('ends though joining hangs, and once more when nothing is left to stop', async () => {
  const { bench, hang, unanswered } = await openHanging()
  await using _ = bench
  const consumer = bench.consumer()
  await consumer.subscribe({ topics: [bench.topic] })
  hang()
  const running = consumer.run({ eachMessage: never })
  await eventually(() => unanswered() > 0)
  const begun = performance.now()
  await consumer.disconnect()
  // The join, a look behind it, and the farewell: a requestTimeout each.
  expect(performance.now() - begun).toBeLessThan(scaled(5 * 1500))
  await consumer.disconnect()
  await running
})

it('ends though the service has frozen the partition', async () => {
  const { bench } = await openHanging()
  await using _ = bench
  const consumer = bench.consumer()
  const reading = await bench.read(consumer)
  await bench.send(['a'])
  await reading.count(1)
  const thaw = target.emulator.faults.freeze({ hub: bench.topic, partition: 0 })
  // What the seek needs to know can't be had now.
  consumer.seek({ topic: bench.topic, partition: 0, offset: '-2' })
  const begun = performance.now()
  await consumer.disconnect()
  expect(performance.now() - begun).toBeLessThan(scaled(30_000))
  thaw()
})

/** The way to the emulator, until nothing comes through any more although it stays open. */
async function openRoad() {
  const sockets: net.Socket[] = []
  const server = net.createServer((client) => {
    const service = net.connect(target.emulator.port, '127.0.0.1')
    sockets.push(client, service)
    for (const socket of [client, service]) socket.on('error', () => undefined)
    client.pipe(service).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    block() {
      for (const socket of sockets) socket.unpipe().pause()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

it('ends though the service is silent from one moment on, for a producer with a message under way too', async () => {
  await using road = await openRoad()
  await using bench = await openBench(target, {
    kafka: {
      requestTimeout: 3000,
      eventHubs: { ...target.config().eventHubs, customEndpointAddress: `sb://127.0.0.1:${road.port}` },
    },
  })
  const consumer = bench.consumer()
  const reading = await bench.read(consumer)
  await bench.send(['a'])
  await reading.count(1)
  road.block()
  const sending = bench.send(['b']).then(
    () => 'stored',
    () => 'failed',
  )
  const begun = performance.now()
  await Promise.all([consumer.disconnect(), bench.producer.disconnect()])
  // What is under way, and farewells that nobody answers.
  expect(performance.now() - begun).toBeLessThan(scaled(3000 + 3 * 2000 + 2000))
  expect(await sending).toBe('failed')
})

it('commits last what was handled last, while the service leaves the farewell of its link unanswered', async () => {
  await using road = await openRoad()
  const { store, fail, failures } = failingStore()
  const committed: number[] = []
  await using bench = await openBench(target, {
    kafka: {
      // Shorter than the farewell may take.
      requestTimeout: 1500,
      eventHubs: {
        ...target.config().eventHubs,
        checkpointStore: {
          ...store,
          async updateCheckpoint(checkpoint, options) {
            await store.updateCheckpoint(checkpoint, options)
            committed.push(checkpoint.sequenceNumber)
          },
        },
        customEndpointAddress: `sb://127.0.0.1:${road.port}`,
      },
    },
  })
  await bench.send(['a', 'b'])
  const consumer = bench.consumer()
  let end: () => void = () => undefined
  const handling = new Promise<void>((resolve) => {
    end = resolve
  })
  const reading = await bench.read(consumer, { handle: () => handling })
  await reading.count(1)
  road.block()
  const stopped = consumer.stop()
  // The commit behind the message at hand: the last one has to make up for it.
  fail('updateCheckpoint', new Error('the store is away'), 1)
  end()
  await stopped
  expect(failures()).toBe(1)
  expect(committed).toEqual([0])
})

it('goes on after a store call that never answers: the member stays, and tells that the store is slow', async () => {
  const entries: string[] = []
  const memory = memoryCheckpointStore()
  let hangs = 0
  const checkpointStore: CheckpointStore = {
    ...memory,
    listOwnership: (...args) => (hangs-- > 0 ? never() : memory.listOwnership(...args)),
  }
  await using bench = await openBench(target, {
    kafka: {
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => void entries.push(entry.log.message),
      eventHubs: { ...target.config().eventHubs, checkpointStore },
    },
  })
  const consumer = bench.consumer({ sessionTimeout: 3000 })
  const { names } = listen(consumer, 'CRASH', 'REBALANCING')
  const reading = await bench.read(consumer)
  hangs = 1
  await eventually(() => expect(entries.join()).toContain('has not answered for 1000 ms'))
  await eventually(() => expect(entries.join()).toContain('did not answer within 2000 ms'))
  await bench.send(['a'])
  await reading.count(1)
  expect(names()).toEqual([])
})

import { type CheckpointStore, type LogEntry, logLevel, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { expect, it } from 'vitest'
import { listen, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { shareEmulator } from '../../support/shared-target.js'

/** stop() and disconnect() have an end, whatever handlers, the store and the service do. */

const target = shareEmulator()

const never = () => new Promise<never>(() => undefined)

async function openHanging(partitions = 1) {
  const entries: LogEntry[] = []
  const memory = memoryCheckpointStore()
  let isHanging = false
  const reach =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isHanging ? never() : call(...args)
  const checkpointStore: CheckpointStore = {
    listOwnership: reach(memory.listOwnership),
    claimOwnership: reach(memory.claimOwnership),
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

it('ends though a handler never does, and says which partition it is', async () => {
  const { bench, logged } = await openHanging()
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
  await consumer.stop()
  const [entry] = logged('Handlers have not ended within 300 ms')
  expect(entry?.log['partitions']).toEqual([{ topic: bench.topic, partition: 0 }])
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
  expect(performance.now() - begun).toBeLessThan(30_000)
  thaw()
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

import { setTimeout as sleep } from 'node:timers/promises'
import { type CheckpointStore, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

/** Sends on until told to stop; gives how many it has sent. */
function produce(bench: Bench, partitions = 1) {
  let producing = true
  const done = (async () => {
    let sent = 0
    for (; producing; sent++) {
      await Promise.all(numbers(partitions).map((partition) => bench.send([String(sent)], Number(partition))))
      await sleep(2)
    }
    return sent
  })()
  return () => {
    producing = false
    return done
  }
}

describe('a connection that drops', () => {
  it('is opened again within 2 s by a reader that was idle, which loses and repeats nothing', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH', 'REBALANCING')
    const reading = await bench.read(consumer)
    for (let partition = 0; partition < 3; partition++) await bench.send(['before'], partition)
    await reading.count(3)
    const attached = target.emulator.stats.linksAttached
    await target.emulator.faults.dropConnections()
    await eventually(() => expect(target.emulator.stats.linksAttached).toBeGreaterThanOrEqual(attached + 3), {
      timeout: 2000,
    })
    for (let partition = 0; partition < 3; partition++) await bench.send(['after'], partition)
    await reading.count(6)
    for (let partition = 0; partition < 3; partition++) expect(reading.values(partition)).toEqual(['before', 'after'])
    expect(names()).toEqual([])
  })

  it('before anything was read has what is produced in the gap read all the same', async () => {
    await using bench = await openBench(target)
    await bench.send(['old'])
    const reading = await bench.read(bench.consumer(), { fromBeginning: false })
    const refusal = target.emulator.faults.refuseAttach({
      hub: bench.topic,
      direction: 'receive',
      condition: 'com.microsoft:server-busy',
    })
    await target.emulator.faults.dropConnections()
    await eventually(() => expect(refusal.hits).toBeGreaterThan(0))
    await bench.send(['in the gap'])
    refusal.clear()
    await reading.count(1)
    expect(reading.values()).toEqual(['in the gap'])
  })

  it('again and again under load has every message handled once, in order', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { partitionsConsumedConcurrently: 2 })
    const stop = produce(bench, 2)
    for (let drops = 0; drops < 5; drops++) {
      const before = reading.received.length
      await reading.count(before + 20)
      await target.emulator.faults.dropConnections()
    }
    const sent = await stop()
    await reading.count(2 * sent, 20_000)
    // A send whose acknowledgement was lost is tried again by the producer: repeated sends are not repeated readings.
    for (let partition = 0; partition < 2; partition++) {
      const stored = target.emulator.eventHubs.get(bench.topic)?.partitions[partition]?.events() ?? []
      await eventually(() => expect(reading.values(partition)).toHaveLength(stored.length))
      const offsets = reading.received.filter((one) => one.partition === partition).map(({ offset }) => offset)
      expect(offsets).toEqual(numbers(stored.length))
    }
  })
})

describe('a link', () => {
  it.each(['amqp:link:detach-forced', 'amqp:internal-error', 'com.microsoft:server-busy'])(
    'that the service detaches (%s) is opened again behind what was read',
    async (condition) => {
      await using bench = await openBench(target)
      const consumer = bench.consumer()
      const { names } = listen(consumer, 'CRASH')
      const reading = await bench.read(consumer)
      await bench.send(numbers(10))
      await reading.count(10)
      await target.emulator.faults.detachLinks({ hub: bench.topic, direction: 'receive', condition })
      await bench.send(numbers(10, 10))
      await reading.count(20)
      expect(reading.values()).toEqual(numbers(20))
      expect(names()).toEqual([])
    },
  )

  it('that is refused some times is tried again', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const refusal = target.emulator.faults.refuseAttach({
      hub: bench.topic,
      direction: 'receive',
      condition: 'com.microsoft:server-busy',
      times: 3,
    })
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    await reading.count(1)
    expect(refusal.hits).toBe(3)
    expect(names()).toEqual([])
  })

  it('that ends now and then over a long time never adds up to a crash', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({ retry: { retries: 1, initialRetryTime: 10 } })
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    for (let round = 0; round < 4; round++) {
      const condition = 'com.microsoft:server-busy'
      const refusal = target.emulator.faults.refuseAttach({
        hub: bench.topic,
        condition,
        direction: 'receive',
        times: 1,
      })
      await target.emulator.faults.detachLinks({ hub: bench.topic, direction: 'receive', condition })
      await eventually(() => expect(refusal.hits).toBe(1))
      // The link has come to work.
      await bench.send([String(round)])
      await reading.count(round + 1)
    }
    expect(reading.values()).toEqual(numbers(4))
    expect(names()).toEqual([])
  })

  it('is opened again with a new token when tokens have expired', async () => {
    await using bench = await openBench(target)
    const reading = await bench.read(bench.consumer())
    await bench.send(['a'])
    await reading.count(1)
    await target.emulator.faults.expireTokens()
    await bench.send(['b'])
    await reading.count(2)
    expect(reading.values()).toEqual(['a', 'b'])
  })

  it('is given up by a partition that is paused for long, and opened again when it is resumed', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    await bench.producer.disconnect()
    await eventually(() => expect(target.emulator.stats.openLinks).toBe(1))
    consumer.pause([{ topic: bench.topic }])
    await eventually(() => expect(target.emulator.stats.openLinks).toBe(0), { timeout: 15_000 })
    consumer.resume([{ topic: bench.topic }])
    await bench.producer.connect()
    await bench.send(['b'])
    await reading.count(2)
    expect(reading.values()).toEqual(['a', 'b'])
  })
})

describe('a partition', () => {
  it('with a slow handler does not delay the others', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    let finish = () => {}
    const reading = await bench.read(bench.consumer(), {
      partitionsConsumedConcurrently: 2,
      handle: ({ partition }) =>
        partition === 0
          ? new Promise<void>((resolve) => {
              finish = resolve
            })
          : undefined,
    })
    await bench.send(['slow', 'slow too'], 0)
    await reading.count(1)
    for (const partition of [1, 2]) await bench.send(numbers(200), partition)
    await reading.count(401)
    expect([reading.values(0), reading.values(1), reading.values(2)]).toEqual([['slow'], numbers(200), numbers(200)])
    finish()
    await reading.count(402)
    finish()
  })

  it('that is frozen by the service, or paused, does not delay the others', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    consumer.pause([{ topic: bench.topic, partitions: [1] }])
    await bench.send(['paused'], 1)
    await bench.send(['frozen'], 0)
    await reading.count(1)
    const thaw = target.emulator.faults.freeze({ hub: bench.topic, partition: 0 })
    await bench.send(numbers(50), 2)
    await reading.count(51, 2000)
    thaw()
    expect(reading.values(2)).toEqual(numbers(50))
  })

  it('is one of 32 that are read at once', async () => {
    await using bench = await openBench(target, { partitions: 32 })
    const reading = await bench.read(bench.consumer(), { partitionsConsumedConcurrently: 8 })
    await Promise.all(numbers(32).map((partition) => bench.send(numbers(10), Number(partition))))
    await reading.count(320)
    for (let partition = 0; partition < 32; partition++) expect(reading.values(partition)).toEqual(numbers(10))
  })

  it('stays with a member whose handler takes longer than sessionTimeout', async () => {
    const memory = memoryCheckpointStore()
    let renewals = 0
    const checkpointStore: CheckpointStore = {
      ...memory,
      claimOwnership(records, options) {
        if (records.some(({ eventHubName, partitionId }) => eventHubName === bench.topic && partitionId === '0'))
          renewals++
        return memory.claimOwnership(records, options)
      },
    }
    const kafka = { eventHubs: { ...target.config().eventHubs, checkpointStore } }
    await using bench = await openBench(target, { partitions: 2, kafka })
    await bench.send(['a', 'b'], 0)
    await bench.send(['a', 'b'], 1)
    const slow = bench.consumer({ sessionTimeout: 1000 })
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { names } = listen(slow, 'REBALANCING', 'CRASH')
    const reading = await bench.read(slow, {
      partitionsConsumedConcurrently: 2,
      handle: ({ message }) => (message.offset === '0' ? held : undefined),
    })
    await reading.count(2)
    const before = renewals
    // A third of the session lies between two renewals: a session and more.
    await eventually(() => expect(renewals - before).toBeGreaterThanOrEqual(5))
    finish()
    await reading.count(4)
    expect(names()).toEqual([])
    expect([reading.values(0), reading.values(1)]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2', 1: '2' }))
  })
})

describe('an epoch', () => {
  it('that a stranger has taken for a while has the partition read on afterwards, nothing lost or repeated', async () => {
    await using bench = await openBench(target, { consumerGroups: ['groupId'] })
    const consumer = bench.consumer({ retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 100 } })
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    const leave = target.emulator.faults.stealEpoch({ hub: bench.topic, partition: 0, group: bench.groupId })
    await bench.send(['b'])
    await sleep(200)
    expect(reading.values()).toEqual(['a'])
    leave()
    await reading.count(2)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2' }))
    expect(reading.values()).toEqual(['a', 'b'])
    expect(names()).toEqual([])
  })
})

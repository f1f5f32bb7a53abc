import { setTimeout as sleep } from 'node:timers/promises'
import { type CheckpointStore, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/emulator/index.js'
import { listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { failingStore } from '../../support/failing-store.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

const openWith = (store: CheckpointStore, partitions = 1) =>
  openBench(target, { partitions, kafka: { eventHubs: { ...target.config().eventHubs, checkpointStore: store } } })

describe('a store that fails', () => {
  it('while committing is asked again, before anything new is handled; nothing is handled twice', async () => {
    const { store, fail, failures } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    fail('updateCheckpoint', new Error('busy'), 3)
    await bench.send(['a'])
    await reading.count(1)
    await bench.send(numbers(5))
    await reading.count(6)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '6' }))
    expect(failures()).toBe(3)
    expect(reading.values()).toEqual(['a', ...numbers(5)])
    expect(names()).toEqual([])
  })

  it('to commit again and again has the consumer crash and start again', async () => {
    const { store, fail, comeBack } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer({ retry: { retries: 2, initialRetryTime: 20 } })
    const crashed = next<{ error: Error & { cause?: Error }; restart: boolean }>(consumer, 'CRASH')
    fail('updateCheckpoint', new Error('out of order'))
    const reading = await bench.read(consumer)
    await bench.send(numbers(3))
    const { error, restart } = await crashed
    expect(restart).toBe(true)
    expect(error).toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: { name: 'KafkaJSError', cause: { message: 'out of order' } },
    })
    expect(error.message).toContain('checkpoint store')
    comeBack()
    // Its leases were given up with the crash: nothing has to expire.
    await next(consumer, 'GROUP_JOIN', 3000)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
    expect(new Set(reading.values())).toEqual(new Set(numbers(3)))
  })

  it('commitOffsets has it told to the program, after the retries', async () => {
    const { store, fail, comeBack } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer({ retry: { retries: 2, initialRetryTime: 10 } })
    await bench.read(consumer, { autoCommit: false })
    fail('updateCheckpoint', new Error('out of order'))
    const offset = { topic: bench.topic, partition: 0, offset: '0' }
    await expect(consumer.commitOffsets([offset])).rejects.toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded' })
    comeBack()
    await consumer.commitOffsets([offset])
    expect(await bench.committed()).toEqual({ 0: '0' })
  })

  it('while joining is tried again', async () => {
    const { store, fail } = failingStore()
    await using bench = await openWith(store)
    fail('claimOwnership', new Error('busy'), 2)
    fail('listCheckpoints', new Error('busy'), 2)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    expect(names()).toEqual([])
  })

  it('as fetch does when the network is away, a TypeError, ends no consumer', async () => {
    const { store, fail } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    fail('updateCheckpoint', new TypeError('fetch failed', { cause: new Error('ECONNRESET') }), 2)
    await bench.send(numbers(3))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
    expect(reading.values()).toEqual(numbers(3))
    expect(names()).toEqual([])
  })

  it('to answer, once, goes on: no list is an error that passes, not a mistake in the program', async () => {
    const { store } = failingStore()
    let oddAnswers = 0
    const isOdd = () => oddAnswers > 0 && oddAnswers-- > 0
    await using bench = await openWith({
      ...store,
      listOwnership: async (...args) => (isOdd() ? (null as never) : store.listOwnership(...args)),
      claimOwnership: async (...args) => (isOdd() ? (undefined as never) : store.claimOwnership(...args)),
    })
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    oddAnswers = 3
    await eventually(() => oddAnswers === 0)
    await bench.send(numbers(3))
    await reading.count(3)
    expect(names()).toEqual([])
  })

  it('by a mistake in its code is final', async () => {
    const { store, fail } = failingStore()
    await using bench = await openWith(store)
    fail('claimOwnership', new TypeError('x is not a function'))
    const consumer = bench.consumer()
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    await bench.read(consumer)
    expect(await crashed).toMatchObject({ restart: false, error: { message: expect.stringContaining('x is not a') } })
  })

  it('while leaving does not keep the consumer from stopping', async () => {
    const { store, goAway, comeBack } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'STOP')
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    goAway()
    await consumer.stop()
    expect(names()).toEqual(['STOP'])
    comeBack()
  })
})

describe('a store that is away', () => {
  it('for less than the session leaves reading alone, and commits wait', async () => {
    const { store, goAway, comeBack, failures } = failingStore()
    await using bench = await openWith(store)
    const consumer = bench.consumer({
      sessionTimeout: 6000,
      retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 200 },
    })
    const { names } = listen(consumer, 'CRASH', 'REBALANCING')
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1' }))
    goAway()
    await bench.send(['b'])
    await reading.count(2)
    await bench.send(['c'])
    await eventually(() => expect(failures()).toBeGreaterThanOrEqual(3))
    expect(reading.values()).toEqual(['a', 'b'])
    comeBack()
    await reading.count(3)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
    expect(reading.values()).toEqual(['a', 'b', 'c'])
    expect(names()).toEqual([])
  })

  it('for longer than the session has the member stop reading, and read on when it is back', async () => {
    const { store, goAway, comeBack } = failingStore()
    await using bench = await openWith(store, 2)
    const consumer = bench.consumer({ sessionTimeout: 1000 })
    const reading = await bench.read(consumer)
    await bench.send(['a'], 0)
    await bench.send(['b'], 1)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1', 1: '1' }))
    goAway()
    // Those of the producer remain.
    await eventually(() => target.emulator.stats.openLinks === 2, { timeout: 5000 })
    await bench.send(['c'], 0)
    comeBack()
    await reading.count(3)
    await bench.send(['d'], 1)
    await reading.count(4)
    expect([reading.values(0), reading.values(1)]).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ])
  })
})

describe('an emulator that is started anew on its port', () => {
  it('has its consumers begin anew: its events and their numbers are gone', async () => {
    const first = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
    const { port } = first
    const { Kafka } = await import('kafkajs-eventhubs')
    await using kafka = new Kafka({ ...first.kafkaConfig({ clientId: 'test' }), logLevel: 0 })
    const producer = kafka.producer()
    await producer.connect()
    const send = (values: string[]) =>
      producer.send({ topic: 'orders', messages: values.map((value) => ({ value, partition: 0 })) })
    await send(numbers(5))
    const consumer = kafka.consumer({
      groupId: 'g',
      heartbeatInterval: 200,
      retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 200 },
    })
    const values: string[] = []
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    await eventually(() => expect(values).toEqual(numbers(5)))
    await first.close()
    const second = await startEmulator({ port, eventHubs: [{ name: 'orders', partitionCount: 1 }] })
    try {
      await producer.disconnect()
      await producer.connect()
      await send(['anew'])
      await eventually(() => expect(values).toEqual([...numbers(5), 'anew']), { timeout: 15_000 })
      await send(['and on'])
      await eventually(() => expect(values.at(-1)).toBe('and on'))
    } finally {
      await consumer.disconnect()
      await producer.disconnect()
      await second.close()
    }
  })
})

describe('a store that fails once, at any call,', () => {
  const calls = ['listOwnership', 'claimOwnership', 'updateCheckpoint', 'listCheckpoints'] as const
  const cases = calls.flatMap((name) => [1, 2, 3, 4].map((at) => [name, at] as const))

  it.each(cases)('does not keep a consumer from its group (%s, call %i)', async (name, at) => {
    const { store, fail } = failingStore()
    let count = 0
    const counting: CheckpointStore = {
      ...store,
      [name]: (...args: unknown[]) => {
        if (++count === at) fail(name, new Error('hiccup'), 1)
        return (store[name] as (...args: unknown[]) => Promise<unknown>)(...args)
      },
    }
    await using bench = await openWith(counting, 2)
    for (const partition of [0, 1]) await bench.send(numbers(3), partition)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH', 'GROUP_JOIN')
    const reading = await bench.read(consumer)
    await reading.count(6)
    expect(names()).toEqual(['GROUP_JOIN'])
    for (const partition of [0, 1]) expect(reading.values(partition)).toEqual(numbers(3))
    await eventually(async () => expect((await consumer.describeGroup()).state).toBe('Stable'))
  })
})

it('a store that is emptied while a group reads has its records again: nothing moves, is skipped, or comes twice', async () => {
  let memory = memoryCheckpointStore()
  const store: CheckpointStore = {
    ...memory,
    listOwnership: (...given) => memory.listOwnership(...given),
    claimOwnership: (...given) => memory.claimOwnership(...given),
    updateCheckpoint: (given) => memory.updateCheckpoint(given),
    listCheckpoints: (...given) => memory.listCheckpoints(...given),
  }
  await using bench = await openWith(store, 4)
  const members = [bench.consumer(), bench.consumer()]
  const joined = members.map((member) => next(member, 'GROUP_JOIN'))
  const readings = await Promise.all(members.map((member) => bench.read(member, { fromBeginning: false })))
  await Promise.all(joined)
  await eventually(async () => {
    for (const member of members) expect((await member.describeGroup()).members).toHaveLength(2)
    for (const member of members) expect((await member.describeGroup()).state).toBe('Stable')
  })
  const heard = members.map((member) => listen(member, 'CRASH', 'REBALANCING', 'GROUP_JOIN'))
  const send = async (value: string, partitions: readonly number[]) => {
    for (const partition of partitions) await bench.send([value], partition)
  }
  const values = (partition: number) => readings.flatMap((reading) => reading.values(partition))
  await send('a', [0, 1, 2, 3])
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1', 1: '1', 2: '1', 3: '1' }))
  const paused = [{ topic: bench.topic, partitions: [2] }]
  for (const member of members) member.pause(paused)
  await send('b', [2])

  memory = memoryCheckpointStore()
  await send('b', [0, 1])
  // Also of the partitions of which nothing has been handled since.
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2', 1: '2', 2: '1', 3: '1' }))
  for (const member of members) member.resume(paused)
  for (const partition of [0, 1, 2]) await eventually(() => expect(values(partition)).toEqual(['a', 'b']))
  expect(values(3)).toEqual(['a'])
  expect(heard.flatMap(({ names }) => names())).toEqual([])
})

it('a store that is emptied, and takes nothing until leases have run out, skips nothing', async () => {
  let memory = memoryCheckpointStore()
  let isRefusing = false
  const unlessRefused = async <T>(call: () => Promise<T>) => {
    if (isRefusing) throw new Error('the container is being deleted')
    return call()
  }
  const store: CheckpointStore = {
    ...memory,
    listOwnership: (...given) => memory.listOwnership(...given),
    claimOwnership: (...given) => unlessRefused(() => memory.claimOwnership(...given)),
    updateCheckpoint: (given) => unlessRefused(() => memory.updateCheckpoint(given)),
    listCheckpoints: (...given) => memory.listCheckpoints(...given),
  }
  await using bench = await openWith(store, 2)
  const members = [0, 1].map(() => bench.consumer({ sessionTimeout: 2500 }))
  const joined = members.map((member) => next(member, 'GROUP_JOIN'))
  const readings = await Promise.all(members.map((member) => bench.read(member, { fromBeginning: false })))
  await Promise.all(joined)
  for (const partition of [0, 1]) await bench.send(['a'], partition)
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1', 1: '1' }))

  memory = memoryCheckpointStore()
  isRefusing = true
  // Those of the producer remain.
  await eventually(() => expect(target.emulator.stats.openLinks).toBeLessThanOrEqual(2))
  for (const partition of [0, 1]) await bench.send(['b'], partition)
  isRefusing = false
  for (const partition of [0, 1]) {
    await eventually(() => expect(readings.flatMap((reading) => reading.values(partition))).toContain('b'))
  }
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2', 1: '2' }))
})

describe('a store that takes no commit', () => {
  it('while a partition is handed over, does not keep its member from reading it again later', async () => {
    const { store, fail, failures, comeBack } = failingStore()
    await using bench = await openWith(store, 2)
    const first = bench.consumer()
    const reading = await bench.read(first, { partitionsConsumedConcurrently: 2 })
    for (const partition of [0, 1]) await bench.send(['a'], partition)
    await reading.count(2)
    fail('updateCheckpoint', new Error('busy'))
    for (const partition of [0, 1]) await bench.send(['b'], partition)
    await reading.count(4)
    const second = bench.consumer()
    const joined = next(second, 'GROUP_JOIN')
    const rebalancing = next(first, 'REBALANCING')
    await second.subscribe({ topics: [bench.topic], fromBeginning: true })
    const running = second.run({ eachMessage: async () => undefined })
    await rebalancing
    const failed = failures()
    await eventually(() => expect(failures()).toBeGreaterThanOrEqual(failed + 3))
    comeBack()
    await Promise.all([running, joined])
    await second.disconnect()
    for (const partition of [0, 1]) await bench.send(['c'], partition)
    await eventually(
      () => {
        for (const partition of [0, 1]) expect(reading.values(partition).at(-1)).toBe('c')
      },
      { timeout: 15_000 },
    )
  })

  it('has stop() wait for the handler of a partition that was lost', async () => {
    const { store, goAway, comeBack } = failingStore()
    await using bench = await openWith(store)
    await bench.send(['a'])
    const consumer = bench.consumer({ sessionTimeout: 1500 })
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    let [calls, isHandled, isStopped] = [0, false, false]
    await bench.read(consumer, {
      async handle() {
        calls++
        await held
        isHandled = true
      },
    })
    await eventually(() => expect(calls).toBe(1))
    goAway()
    // That of the producer remains.
    await eventually(() => target.emulator.stats.openLinks === 1)
    comeBack()
    const stopping = consumer.stop().then(() => {
      isStopped = true
      expect(isHandled).toBe(true)
    })
    await sleep(100)
    expect(isStopped).toBe(false)
    finish()
    await stopping
    expect(calls).toBe(1)
  })
})

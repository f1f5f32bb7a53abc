import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openBench } from './sdk.js'

describe('what happens to links when', () => {
  test('partitions are added: they are dropped and may reopen', async () => {
    await using bench = await openBench({ partitions: 2 })
    const { emulator } = bench
    await bench.send('0', 'a')
    const reading = bench.read()
    await eventually(() => reading.events.length === 1)
    const attached = emulator.stats.linksAttached
    emulator.eventHubs.get('hub')?.setPartitionCount(5)
    await eventually(() => emulator.stats.linksAttached > attached)
    await bench.send('0', 'b')
    await bench.send('4', 'c')
    await eventually(() => reading.bodies().join() === 'a,b')
    await reading.close()
    expect(await bench.producer().getPartitionIds()).toEqual(['0', '1', '2', '3', '4'])
  })

  test('an event hub is deleted: they are dropped as for something unknown', async () => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    const reading = bench.read()
    await eventually(() => reading.events.length === 1)
    expect(bench.emulator.eventHubs.delete('hub')).toBe(true)
    expect(bench.emulator.stats.openLinks).toBe(0)
    await eventually(() => reading.errors.length > 0)
    expect(reading.errors[0]).toMatchObject({ code: 'MessagingEntityNotFoundError' })
    await expect(bench.send('0', 'b')).rejects.toMatchObject({ code: 'MessagingEntityNotFoundError' })
    await reading.close()
    expect(bench.emulator.eventHubs.delete('hub')).toBe(false)
  })

  test('a consumer group is deleted: its readers are dropped, others stay', async () => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    const second = bench.read({ group: 'second' })
    const first = bench.read()
    await eventually(() => first.events.length === 1 && second.events.length === 1)
    bench.emulator.eventHubs.get('hub')?.deleteConsumerGroup('second')
    await eventually(() => second.errors.length > 0)
    expect(second.errors[0]).toMatchObject({ code: 'MessagingEntityNotFoundError' })
    expect(first.errors).toEqual([])
    await Promise.all([first.close(), second.close()])
  })
})

describe('the namespace refuses', () => {
  test.each<[name: string, mistake: (hubs: Awaited<ReturnType<typeof openBench>>['emulator']['eventHubs']) => unknown]>(
    [
      ['a name that is taken', (hubs) => hubs.create({ name: 'HUB' })],
      ['a name that is none', (hubs) => hubs.create({ name: 'no spaces' })],
      ['no partitions', (hubs) => hubs.create({ name: 'a', partitionCount: 0 })],
      ['a part of a partition', (hubs) => hubs.create({ name: 'a', partitionCount: 1.5 })],
      ['fewer partitions', (hubs) => hubs.get('hub')?.setPartitionCount(1)],
      ['a group that exists', (hubs) => hubs.get('hub')?.createConsumerGroup('SECOND')],
      ['a group without a name', (hubs) => hubs.get('hub')?.createConsumerGroup('')],
      ['to delete $Default', (hubs) => hubs.get('hub')?.deleteConsumerGroup('$default')],
      ['to delete a group that is not there', (hubs) => hubs.get('hub')?.deleteConsumerGroup('none')],
    ],
  )('%s', async (_, mistake) => {
    await using bench = await openBench()
    expect(() => mistake(bench.emulator.eventHubs)).toThrow(expect.objectContaining({ name: 'NamespaceError' }))
    expect(bench.emulator.eventHubs.list().map((hub) => hub.name)).toEqual(['hub'])
  })
})

describe('idle', () => {
  // What is on its way when a link or connection ends is lost, and a slow machine may find any of them idle: sends are tried
  // until one gets through.
  const patient = { timeout: 40_000 }

  test('links are detached, their clients come back', async () => {
    await using bench = await openBench({ idleLimits: { link: 150 } })
    const { stats } = bench.emulator
    await eventually(() => bench.send('0', 'a'), patient)
    await eventually(() => stats.openLinks === 0)
    const [attached, stored] = [stats.linksAttached, stats.eventsStored]
    await eventually(() => bench.send('0', 'b'), patient)
    expect(stats.linksAttached).toBeGreaterThan(attached)
    expect(stats.eventsStored).toBeGreaterThan(stored)
  })

  test('links that are used stay', async () => {
    const limit = 400
    await using bench = await openBench({ idleLimits: { link: limit } })
    const { stats } = bench.emulator
    // A stretch of sends that are all close enough; on a busy machine it may take several to get one.
    await eventually(async () => {
      await bench.send('0', 'a')
      const attached = stats.linksAttached
      const begun = performance.now()
      let last = begun
      while (last - begun < 2 * limit) {
        const before = last
        last = performance.now()
        const isInTime = await bench.send('0', 'a').then(
          () => performance.now() - before < limit,
          (error: Error) => {
            if (performance.now() - before < limit) throw error
            return false
          },
        )
        if (!isInTime) return false
      }
      expect(stats.linksAttached).toBe(attached)
      return true
    }, patient)
  })

  test('a reader that waits with credit stays', async () => {
    await using bench = await openBench({ idleLimits: { link: 150 } })
    const { stats } = bench.emulator
    await eventually(() => bench.send('0', 'a'), patient)
    const reading = bench.read()
    await eventually(() => reading.events.length > 0)
    // The publishing link is the one that goes.
    await eventually(() => stats.openLinks === 1)
    // Another's, so that none is in use of which its client doesn't know yet that it is gone; it goes as well.
    const other = bench.producer()
    await eventually(() => other.sendBatch([{ body: 'b' }], { partitionId: '0' }), patient)
    await eventually(() => reading.bodies().includes('b'))
    await eventually(() => stats.openLinks === 1)
    expect(reading.errors).toEqual([])
    await reading.close()
  })

  test('connections without links are closed', async () => {
    await using bench = await openBench({ idleLimits: { link: 100, connection: 100 } })
    const { stats } = bench.emulator
    await eventually(() => bench.send('0', 'a'), patient)
    await eventually(() => stats.openConnections === 0)
    await eventually(() => bench.send('0', 'b'), patient)
  })
})

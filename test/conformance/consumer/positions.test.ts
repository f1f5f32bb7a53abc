import { describe, expect, it } from 'vitest'
import { type Bench, listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

const hub = (bench: Bench) => {
  const found = target.emulator.eventHubs.get(bench.topic)
  if (!found) throw new Error('no such event hub')
  return found
}

const commit = (bench: Bench, offset: string) =>
  bench.admin.setOffsets({ groupId: bench.groupId, topic: bench.topic, partitions: [{ partition: 0, offset }] })

/** Keeps the newest events only, as retention does. */
const keep = (bench: Bench, count: number) => hub(bench).setRetention({ count })

describe('a group without offsets', () => {
  it('begins at the end, which is fixed by the time GROUP_JOIN is told', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await bench.send(['old'], 0)
    const consumer = bench.consumer()
    const joined = next(consumer, 'GROUP_JOIN')
    const running = bench.read(consumer, { fromBeginning: false })
    await joined
    await Promise.all([bench.send(['new'], 0), bench.send(['new'], 1)])
    const reading = await running
    await reading.count(2)
    expect(reading.values()).toEqual(['new', 'new'])
  })

  it('begins at the oldest there is with fromBeginning', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    keep(bench, 4)
    const reading = await bench.read(bench.consumer())
    await reading.count(4)
    expect(reading.values()).toEqual(numbers(4, 6))
  })
})

describe.each([
  [true, 'the oldest there is'],
  [false, 'what is produced next'],
])('with fromBeginning %s, an offset', (fromBeginning, expected) => {
  const rest = fromBeginning ? numbers(4, 6) : []

  it(`that retention has removed is replaced by ${expected}`, async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    await commit(bench, '2')
    keep(bench, 4)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH', 'COMMIT_OFFSETS')
    const reading = await bench.read(consumer, { fromBeginning, autoCommit: false })
    await reading.count(rest.length)
    await bench.send(['next'])
    await reading.count(rest.length + 1)
    expect(reading.values()).toEqual([...rest, 'next'])
    expect(names()).toEqual([])
    // Committed although autoCommit is off, and not told of, as in kafkajs.
    expect(Number((await bench.committed())[0])).toBeGreaterThan(2)
  })

  it(`behind the end is replaced by ${expected}`, async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(4))
    await commit(bench, '400')
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer, { fromBeginning })
    await eventually(async () => expect(Number((await bench.committed())[0])).toBeLessThanOrEqual(4))
    await bench.send(['next'])
    await reading.count(fromBeginning ? 5 : 1)
    expect(reading.values()).toEqual([...(fromBeginning ? numbers(4) : []), 'next'])
    expect(names()).toEqual([])
  })

  it('at the end is where it is', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(4))
    await commit(bench, '4')
    const reading = await bench.read(bench.consumer(), { fromBeginning })
    await bench.send(['next'])
    await reading.count(1)
    expect(reading.values()).toEqual(['next'])
  })

  it('of a partition whose events are all gone loses nothing that comes after', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    await commit(bench, '3')
    hub(bench).setRetention({ count: 0 })
    const reading = await bench.read(bench.consumer(), { fromBeginning })
    hub(bench).setRetention({ count: 1000 })
    await bench.send(numbers(3, 100))
    await reading.count(3)
    expect(reading.values()).toEqual(numbers(3, 100))
  })
})

describe('resetOffsets', () => {
  it.each([
    [true, numbers(3)],
    [false, []],
  ])('with earliest %s is where the group’s next run begins', async (earliest, expected) => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(3)
    await consumer.disconnect()
    await bench.admin.resetOffsets({ groupId: bench.groupId, topic: bench.topic, earliest })
    const again = await bench.read(bench.consumer(), { fromBeginning: !earliest })
    await bench.send(['next'])
    await again.count(expected.length + 1)
    expect(again.values()).toEqual([...expected, 'next'])
  })
})

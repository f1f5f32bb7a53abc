import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, next, numbers, openBench, type Reading } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

interface Joined {
  memberId: string
  memberAssignment: Record<string, number[]>
}

const all = (...readings: Reading[]) =>
  readings
    .flatMap(({ received }) => received.map(({ partition, offset }) => `${partition}/${offset}`))
    .sort((a, b) => (a < b ? -1 : 1))

const everything = (partitions: number, messages: number) =>
  numbers(partitions)
    .flatMap((partition) => numbers(messages).map((offset) => `${partition}/${offset}`))
    .sort((a, b) => (a < b ? -1 : 1))

const sendToAll = (bench: Bench, partitions: number, values: string[]) =>
  Promise.all(numbers(partitions).map((partition) => bench.send(values, Number(partition))))

/** Resolves when the members' latest assignments are disjoint and cover all partitions of the topic. */
async function balanced(bench: Bench, partitions: number, members: { joined: () => Joined[] }[]) {
  await eventually(() => {
    const held = members.map(({ joined }) => joined().at(-1)?.memberAssignment[bench.topic] ?? [])
    expect(held.flat().sort((a, b) => a - b)).toEqual(numbers(partitions).map(Number))
    const sizes = held.map(({ length }) => length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  })
}

function member(bench: Bench) {
  const consumer = bench.consumer()
  const { payloads } = listen(consumer, 'GROUP_JOIN')
  return { consumer, joined: () => payloads<Joined>('GROUP_JOIN') }
}

describe('members of a group', () => {
  it('share the partitions of their topic; each message is handled once', async () => {
    await using bench = await openBench(target, { partitions: 6 })
    const members = [member(bench), member(bench), member(bench)]
    const readings = await Promise.all(members.map(({ consumer }) => bench.read(consumer)))
    await balanced(bench, 6, members)
    await sendToAll(bench, 6, numbers(20))
    await eventually(() => expect(all(...readings)).toHaveLength(120))
    expect(all(...readings)).toEqual(everything(6, 20))
    for (const reading of readings) expect(reading.received.length).toBe(40)
  })

  it('that come and go in order have nothing handled twice, nothing lost, and order kept', async () => {
    await using bench = await openBench(target, { partitions: 6 })
    const first = member(bench)
    const readings = [await bench.read(first.consumer, { handle: () => sleep(2) })]
    let sent = 0
    let producing = true
    const production = (async () => {
      while (producing) {
        await sendToAll(bench, 6, [String(sent)])
        sent++
      }
    })()
    const second = member(bench)
    readings.push(await bench.read(second.consumer, { handle: () => sleep(2) }))
    await balanced(bench, 6, [first, second])
    await first.consumer.disconnect()
    await eventually(() => expect(second.joined().at(-1)?.memberAssignment[bench.topic]).toHaveLength(6))
    producing = false
    await production
    await eventually(() => expect(all(...readings).length).toBeGreaterThanOrEqual(6 * sent))
    expect(all(...readings)).toEqual(everything(6, sent))
    for (const reading of readings) {
      for (let partition = 0; partition < 6; partition++) {
        const values = reading.values(partition).map(Number)
        expect(values).toEqual([...values].sort((a, b) => a - b))
      }
    }
  })

  it('hand a partition over when its message has been handled, and not before', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await sendToAll(bench, 2, numbers(3))
    const first = member(bench)
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const slow = await bench.read(first.consumer, {
      partitionsConsumedConcurrently: 2,
      handle: ({ message }) => (message.offset === '1' ? held : undefined),
    })
    await slow.count(4)
    const second = member(bench)
    const running = bench.read(second.consumer)
    await next(first.consumer, 'REBALANCING')
    await sleep(200)
    expect(second.joined()).toEqual([])
    finish()
    const reading = await running
    await eventually(() => expect(all(slow, reading)).toHaveLength(6))
    expect(all(slow, reading)).toEqual(everything(2, 3))
  })

  it('tell a batch that is asked to end, and go on behind what it has resolved', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await sendToAll(bench, 2, numbers(50))
    const handled: string[] = []
    const run = async () => {
      const consumer = bench.consumer()
      await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
      await consumer.run({
        partitionsConsumedConcurrently: 2,
        async eachBatch({ batch, resolveOffset, isRunning, isStale }) {
          for (const { offset } of batch.messages) {
            if (!isRunning() || isStale()) break
            handled.push(`${batch.partition}/${offset}`)
            resolveOffset(offset)
            await sleep(20)
          }
        },
      })
    }
    await run()
    await eventually(() => expect(handled.length).toBeGreaterThan(4))
    await run()
    await eventually(() => expect(handled.length).toBeGreaterThanOrEqual(100))
    expect([...handled].sort()).toEqual(everything(2, 50).sort())
  })

  it('of different groups get everything each', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const readings = await Promise.all(
      ['a', 'b'].map((suffix) => bench.read(bench.consumer({ groupId: `${bench.groupId}-${suffix}` }))),
    )
    await sendToAll(bench, 2, numbers(5))
    for (const reading of readings) await reading.count(10)
    for (const reading of readings) expect(all(reading)).toEqual(everything(2, 5))
  })

  it('that subscribe to different topics read their own', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const other = await target.createTopic({ partitions: 2 })
    const [first, second] = [member(bench), member(bench)]
    const one = await bench.read(first.consumer)
    const two = await bench.read(second.consumer, { topics: [other] })
    await eventually(() => {
      expect(first.joined().at(-1)?.memberAssignment).toEqual({ [bench.topic]: [0, 1] })
      expect(second.joined().at(-1)?.memberAssignment).toEqual({ [other]: [0, 1] })
    })
    for (const partition of [0, 1]) {
      await bench.send(['mine'], partition)
      await bench.send(['theirs'], partition, other)
    }
    await Promise.all([one.count(2), two.count(2)])
    expect([one.values(), two.values()]).toEqual([
      ['mine', 'mine'],
      ['theirs', 'theirs'],
    ])
  })

  it('are all there in describeGroup', async () => {
    await using bench = await openBench(target, { partitions: 4 })
    const members = [member(bench), member(bench)]
    for (const { consumer } of members) await bench.read(consumer)
    await balanced(bench, 4, members)
    await eventually(async () => expect((await members[0]?.consumer.describeGroup())?.state).toBe('Stable'))
    const group = await members[1]?.consumer.describeGroup()
    expect(group?.members.map(({ memberId }) => memberId).sort()).toEqual(
      members.map(({ joined }) => joined().at(-1)?.memberId).sort(),
    )
  })

  it('more than there are partitions stay members, with nothing to read, and send heartbeats', async () => {
    await using bench = await openBench(target, { partitions: 1 })
    const [first, second] = [member(bench), member(bench)]
    const readings = await Promise.all([bench.read(first.consumer), bench.read(second.consumer)])
    await eventually(() => {
      const held = [first, second].map(({ joined }) => joined().at(-1)?.memberAssignment)
      expect(held.map((assignment) => Object.keys(assignment ?? {}).length).sort()).toEqual([0, 1])
    })
    const idle = Object.keys(first.joined().at(-1)?.memberAssignment ?? {}).length === 0 ? first : second
    await next(idle.consumer, 'HEARTBEAT')
    const busy = idle === first ? second : first
    await busy.consumer.disconnect()
    await bench.send(['a'])
    await eventually(() => expect(all(...readings)).toEqual(['0/0']))
  })
})

describe('a topic', () => {
  it('that gains partitions has them read, by the whole group', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const members = [0, 1].map(() => {
      const consumer = bench.consumer({ metadataMaxAge: 300 })
      const { payloads } = listen(consumer, 'GROUP_JOIN')
      return { consumer, joined: () => payloads<Joined>('GROUP_JOIN') }
    })
    const readings = await Promise.all(members.map(({ consumer }) => bench.read(consumer)))
    await balanced(bench, 2, members)
    if (!target.emulator) return
    const rebalancing = Promise.all(members.map(({ consumer }) => next(consumer, 'REBALANCING')))
    target.emulator.eventHubs.get(bench.topic)?.setPartitionCount(4)
    await rebalancing
    await balanced(bench, 4, members)
    await bench.producer.disconnect()
    await bench.producer.connect()
    await sendToAll(bench, 4, numbers(3))
    await eventually(() => expect(all(...readings)).toEqual(everything(4, 3)))
  })

  it('that disappears is given up, others are read on; back again, it is read again', async () => {
    await using bench = await openBench(target, { partitions: 1 })
    if (!target.emulator) return
    const doomed = await target.createTopic({ partitions: 2 })
    const consumer = bench.consumer({ metadataMaxAge: 300 })
    const { names, payloads } = listen(consumer, 'CRASH', 'GROUP_JOIN')
    const reading = await bench.read(consumer, { topics: [bench.topic, doomed] })
    await bench.send(['before'], 0, doomed)
    await reading.count(1)
    target.emulator.eventHubs.delete(doomed)
    await eventually(() =>
      expect(payloads<Joined>('GROUP_JOIN').at(-1)?.memberAssignment).toEqual({ [bench.topic]: [0] }),
    )
    await bench.send(['on'])
    await reading.count(2)
    await target.createTopic({ name: doomed, partitions: 1 })
    await eventually(() =>
      expect(payloads<Joined>('GROUP_JOIN').at(-1)?.memberAssignment).toEqual({ [bench.topic]: [0], [doomed]: [0] }),
    )
    // Its numbering has begun anew: what the group has committed there is from another life.
    await bench.producer.disconnect()
    await bench.producer.connect()
    await bench.send(['anew', 'and on'], 0, doomed)
    await eventually(() => expect(reading.values()).toContain('and on'))
    expect(names()).not.toContain('CRASH')
  })
})

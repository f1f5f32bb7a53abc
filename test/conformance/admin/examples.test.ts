import type { Admin as TheirAdmin } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { main as tour } from '../../../examples/admin-tour.js'
import { migrateOffsets } from '../../../examples/migrate-offsets.js'
import { Kafka } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator, type Target } from '../../support/harness.js'

it('the tour shows the lag, moves the group back and reads again', async () => {
  const lines: string[] = []
  const seen = await tour(undefined, (line) => lines.push(line))
  expect(seen).toEqual({
    first: ['a', 'b', 'c', 'd', 'e', 'f'],
    lag: 2,
    again: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
  })
  expect(lines).toHaveLength(5)
})

/** What kafkajs's `fetchOffsets` gives, for some groups: -1 where nothing is committed. */
function theirAdmin(committed: Awaited<ReturnType<TheirAdmin['fetchOffsets']>>): Pick<TheirAdmin, 'fetchOffsets'> {
  return {
    fetchOffsets: async ({ topics = [] }) =>
      committed.filter(({ topic }) => topics.length === 0 || topics.includes(topic)),
  }
}

const entry = (partition: number, offset: string) => ({ partition, offset, metadata: null })

async function fill(target: Target, topic: string, count: number): Promise<void> {
  await using producer = disposable(new Kafka(target.config()).producer())
  await producer.connect()
  const messages = Array.from({ length: count }, (_, index) => ({ value: `${index}`, partition: 0 }))
  await producer.send({ topic, messages })
}

describe('the migration of offsets', () => {
  it('carries those of two namespaces, each to its own store', async () => {
    await using europe = await openEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
    await using america = await openEmulator({
      eventHubs: [{ name: 'orders', partitionCount: 1 }, { name: 'payments' }],
    })
    await fill(europe, 'orders', 10)
    await fill(america, 'orders', 5)
    await fill(america, 'payments', 3)
    await using inEurope = disposable(new Kafka(europe.config()).admin())
    await using inAmerica = disposable(new Kafka(america.config()).admin())

    const groupIds = ['billing']
    const fromEurope = theirAdmin([{ topic: 'orders', partitions: [entry(0, '7'), entry(1, '-1')] }])
    const fromAmerica = theirAdmin([
      { topic: 'orders', partitions: [entry(0, '5')] },
      { topic: 'payments', partitions: [entry(0, '2'), entry(1, '-1'), entry(2, '-1'), entry(3, '-1')] },
    ])
    expect(await migrateOffsets({ from: fromEurope, to: inEurope, groupIds })).toEqual([
      { groupId: 'billing', topic: 'orders', partition: 0, committed: '7', set: '7' },
    ])
    await migrateOffsets({ from: fromAmerica, to: inAmerica, groupIds })

    const all = { groupId: 'billing' }
    expect(await inEurope.fetchOffsets(all)).toEqual([{ topic: 'orders', partitions: [entry(0, '7')] }])
    expect(await inAmerica.fetchOffsets(all)).toEqual(
      expect.arrayContaining([
        { topic: 'orders', partitions: [entry(0, '5')] },
        { topic: 'payments', partitions: [entry(0, '2')] },
      ]),
    )

    await using consumer = disposable(new Kafka(europe.config()).consumer({ groupId: 'billing' }))
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
    const read = await new Promise<string>((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message }) => resolve(message.offset) }).catch(reject)
    })
    expect(read).toBe('7')
  })

  it('does only what it says in a dry run, and keeps what is there', async () => {
    await using target = await openEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
    await fill(target, 'orders', 10)
    await using admin = disposable(new Kafka(target.config()).admin())
    const migration = {
      from: theirAdmin([{ topic: 'orders', partitions: [entry(0, '7')] }]),
      to: admin,
      groupIds: ['billing'],
    }
    const committed = async () => (await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] }))[0]?.partitions
    expect(await migrateOffsets({ ...migration, dryRun: true })).toMatchObject([{ set: '7' }])
    expect(await committed()).toEqual([entry(0, '-1')])

    await admin.setOffsets({ groupId: 'billing', topic: 'orders', partitions: [{ partition: 0, offset: '9' }] })
    expect(await migrateOffsets(migration)).toEqual([
      { groupId: 'billing', topic: 'orders', partition: 0, committed: '7', note: 'kept 9, which is there already' },
    ])
    expect(await committed()).toEqual([entry(0, '9')])
    await migrateOffsets({ ...migration, overwrite: true })
    expect(await committed()).toEqual([entry(0, '7')])
  })

  it('does not carry what another event hub has been given', async () => {
    await using target = await openEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
    await fill(target, 'orders', 10)
    target.emulator.eventHubs.get('orders')?.setRetention({ count: 4 })
    await using admin = disposable(new Kafka(target.config()).admin())
    const from = theirAdmin([{ topic: 'orders', partitions: [entry(0, '3'), entry(1, '8'), entry(2, '1')] }])
    expect(await migrateOffsets({ from, to: admin, groupIds: ['billing'] })).toMatchObject([
      { partition: 0, committed: '3', set: '6', note: 'the oldest that is left' },
      { partition: 1, committed: '8', note: 'lies beyond the end, 0: is this the same event hub?' },
      { partition: 2, committed: '1', note: 'there is no such partition' },
    ])
  })

  it('goes back the same way', async () => {
    await using target = await openEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
    await fill(target, 'orders', 10)
    await using ours = disposable(new Kafka(target.config()).admin())
    await ours.setOffsets({ groupId: 'billing', topic: 'orders', partitions: [{ partition: 0, offset: '4' }] })
    const set: unknown[] = []
    const theirs: Pick<TheirAdmin, 'fetchOffsets' | 'fetchTopicOffsets' | 'setOffsets'> = {
      fetchOffsets: async () => [{ topic: 'orders', partitions: [entry(0, '-1')] }],
      fetchTopicOffsets: async () => [{ partition: 0, offset: '10', high: '10', low: '0' }],
      setOffsets: async (options) => void set.push(options),
    }
    await migrateOffsets({ from: ours, to: theirs, groupIds: ['billing'] })
    expect(set).toEqual([{ groupId: 'billing', topic: 'orders', partitions: [{ partition: 0, offset: '4' }] }])
  })
})

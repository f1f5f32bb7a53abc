import { expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { createLeases } from '../../../src/group/leases.js'
import { createSteadyStore } from '../../../src/group/steady-store.js'
import type { CheckpointStore, PartitionOwnership } from '../../../src/types/checkpoint-store.js'
import { systemClock } from '../../../src/util/clock.js'

const fresh = (partition: number): PartitionOwnership => ({
  fullyQualifiedNamespace: 'ns',
  eventHubName: 'topic',
  consumerGroup: 'group',
  partitionId: String(partition),
  ownerId: '',
})

function open(store: CheckpointStore, ownerId: string, clock = { now: 0 }) {
  const leases = createLeases({
    store,
    namespace: 'ns',
    groupId: 'group',
    ownerId,
    duration: 1000,
    clock: { ...systemClock, now: () => clock.now },
  })
  return { leases, clock }
}

it('gives a partition to one of two owners who claim it at once', async () => {
  const store = memoryCheckpointStore()
  const a = open(store, 'a')
  const b = open(store, 'b')
  const won = await Promise.all([a.leases.claim([fresh(0)]), b.leases.claim([fresh(0)])])
  expect(won.flat()).toHaveLength(1)
  expect([a, b].filter(({ leases }) => leases.holds('topic', 0))).toHaveLength(1)
})

it('no longer holds what it could not renew in time, whatever the store says', async () => {
  const { leases, clock } = open(memoryCheckpointStore(), 'a')
  await leases.claim([fresh(0)])
  clock.now = 999
  expect(leases.holds('topic', 0)).toBe(true)
  clock.now = 1000
  expect(leases.holds('topic', 0)).toBe(false)
  await leases.renew()
  expect(leases.holds('topic', 0)).toBe(true)
})

it('counts from before the write, which is when others may have begun to count', async () => {
  const clock = { now: 0 }
  const memory = memoryCheckpointStore()
  const slow: CheckpointStore = {
    ...memory,
    claimOwnership: async (records) => {
      const answer = await memory.claimOwnership(records)
      clock.now += 400
      return answer
    },
  }
  const { leases } = open(slow, 'a', clock)
  await leases.claim([fresh(0)])
  expect(leases.age('topic', 0)).toBe(400)
})

it('reports a lease that another owner has taken', async () => {
  const store = memoryCheckpointStore()
  const { leases, clock } = open(store, 'a')
  await leases.claim([fresh(0), fresh(1)])
  const stored = await store.listOwnership('ns', 'topic', 'group')
  const [taken] = stored.filter(({ partitionId }) => partitionId === '1')
  await store.claimOwnership([{ ...(taken as PartitionOwnership), ownerId: 'thief' }])
  clock.now = 10
  expect(await leases.renew()).toEqual([{ topic: 'topic', partition: 1 }])
  expect(leases.held()).toEqual([{ topic: 'topic', partition: 0 }])
})

it('writes a lease anew whose record has been removed from the store, unless another may have had it meanwhile', async () => {
  for (const [age, kept] of [
    [900, true],
    [1000, false],
  ] as const) {
    let memory = memoryCheckpointStore()
    const store = createSteadyStore({
      ...memory,
      listOwnership: (...given) => memory.listOwnership(...given),
      claimOwnership: (...given) => memory.claimOwnership(...given),
    })
    const { leases, clock } = open(store, 'a')
    await leases.claim([fresh(0)])
    await store.listOwnership('ns', 'topic', 'group')
    memory = memoryCheckpointStore()
    clock.now = age
    expect(await leases.renew()).toEqual(kept ? [] : [{ topic: 'topic', partition: 0 }])
    expect(leases.holds('topic', 0)).toBe(kept)
    expect(await memory.listOwnership('ns', 'topic', 'group')).toHaveLength(kept ? 1 : 0)
  }
})

it('keeps a lease whose renewal reached the store though the answer got lost', async () => {
  const memory = memoryCheckpointStore()
  let loseAnswers = 0
  const store: CheckpointStore = {
    ...memory,
    claimOwnership: async (records) => {
      const answer = await memory.claimOwnership(records)
      if (loseAnswers-- > 0) throw new Error('connection reset')
      return answer
    },
  }
  const { leases, clock } = open(store, 'a')
  await leases.claim([fresh(0)])
  clock.now = 10
  loseAnswers = 1
  await expect(leases.renew()).rejects.toThrow('connection reset')
  clock.now = 20
  expect(await leases.renew()).toEqual([])
  expect(leases.age('topic', 0)).toBe(0)
})

it('gives up a partition for others to claim', async () => {
  const store = memoryCheckpointStore()
  const { leases } = open(store, 'a')
  await leases.claim([fresh(0)])
  await leases.release('topic', 0)
  expect(leases.holds('topic', 0)).toBe(false)
  const [record] = await store.listOwnership('ns', 'topic', 'group')
  expect(record?.ownerId).toBe('')
  const other = open(store, 'b')
  await other.leases.claim([record as PartitionOwnership])
  expect(other.leases.holds('topic', 0)).toBe(true)
})

import { afterEach, expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { createAssignerCluster } from '../../../src/group/assigner-cluster.js'
import { AssignerProtocol } from '../../../src/group/assigner-protocol.js'
import { PartitionAssigners } from '../../../src/group/assigners.js'
import { describeGroup } from '../../../src/group/describe.js'
import { createGroupMember, type GroupMember, type Joined } from '../../../src/group/member.js'
import { MEMBERS } from '../../../src/group/member-record.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { CheckpointStore, PartitionOwnership } from '../../../src/types/checkpoint-store.js'
import type { Assigner } from '../../../src/types/index.js'
import type { Clock } from '../../../src/util/clock.js'
import { eventually } from '../../support/eventually.js'
import { clockOf, SimulatedTime } from '../../support/group/simulated-time.js'

const namespace = 'localhost:5672'
const quiet = createLogger({ level: 0 })

interface Setting {
  store: CheckpointStore
  counts?: Record<string, number>
  topics?: string[]
  sessionTimeout?: number
  /** Default: the time that passes. */
  clock?: Clock
  /** Tells how many partitions a topic has; default: `counts`. */
  partitionCount?: (topic: string) => Promise<number>
  /** Name of the one assigner it has; default: kafkajs's round robin. */
  assigner?: string
  /** What the assigner says to each member beside the partitions. */
  noting?: { version: number; userData: Buffer }
  /** Has the sticky assigner instead. */
  sticky?: boolean
  /** Runs while a partition is given up. */
  finishing?: () => Promise<void>
}

/** A member, and what it has been told. */
function open(name: string, setting: Setting) {
  const {
    store,
    counts = { t: 12 },
    topics = Object.keys(counts),
    sessionTimeout = 3000,
    assigner,
    finishing,
  } = setting
  const cluster = createAssignerCluster({
    fullyQualifiedNamespace: 'localhost',
    storeNamespace: namespace,
    broker: namespace,
    isEmulator: true,
  })
  const config = { cluster: cluster.cluster, groupId: 'g', logger: quiet }
  const roundRobin = PartitionAssigners[setting.sticky ? 'sticky' : 'roundRobin'](config)
  const reading = new Set<string>()
  const told: { joined: Joined[]; rebalancings: number; lost: string[]; failed: Error[] } = {
    joined: [],
    rebalancings: 0,
    lost: [],
    failed: [],
  }
  const member: GroupMember = createGroupMember({
    store,
    namespace,
    groupId: 'g',
    clientId: name,
    sessionTimeout,
    heartbeatInterval: 200,
    ...(setting.clock && { clock: setting.clock }),
    assigners: [
      setting.noting ? noting(roundRobin, setting.noting) : assigner ? renamed(roundRobin, assigner) : roundRobin,
    ],
    topics,
    partitionCount: setting.partitionCount ?? (async (topic) => counts[topic] ?? 0),
    setAssignable: cluster.show,
    logger: quiet,
    listener: {
      onRebalancing: () => told.rebalancings++,
      onAcquired: (list) => {
        for (const { topic, partition } of list) reading.add(`${topic}/${partition}`)
      },
      async onRevoked({ topic, partition }) {
        await finishing?.()
        reading.delete(`${topic}/${partition}`)
      },
      onLost: (list) => {
        for (const { topic, partition } of list) {
          told.lost.push(`${topic}/${partition}`)
          reading.delete(`${topic}/${partition}`)
        }
      },
      onRestored: () => undefined,
      onJoined: (joined) => told.joined.push(joined),
      onFailed: (error) => told.failed.push(error),
    },
  })
  members.push(member)
  return { member, reading, told, counts }
}

const renamed = (assigner: Assigner, name: string): Assigner => ({
  ...assigner,
  name,
  protocol: (subscription) => ({ ...assigner.protocol(subscription), name }),
})

const noting = (assigner: Assigner, notes: { version: number; userData: Buffer }): Assigner => ({
  ...assigner,
  async assign(given) {
    const answers = await assigner.assign(given)
    return answers.map(({ memberId, memberAssignment }) => {
      const { assignment = {} } = AssignerProtocol.MemberAssignment.decode(memberAssignment) ?? {}
      return { memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode({ ...notes, assignment }) }
    })
  },
})

/** Time that members share and a test moves. */
function movedTime() {
  const time = new SimulatedTime()
  return {
    clock: clockOf(time, { frozenUntil: 0 }, { rate: 1, offset: 0 }),
    pass: (ms: number) => time.passUntil(time.now + ms),
  }
}

let members: GroupMember[] = []
afterEach(async () => {
  await Promise.allSettled(members.map((member) => member.leave()))
  members = []
})

const sizes = (...all: { reading: Set<string> }[]) => all.map(({ reading }) => reading.size).sort()
const union = (...all: { reading: Set<string> }[]) => new Set(all.flatMap(({ reading }) => [...reading]))

it('reads everything when alone, at once', async () => {
  const a = open('a', { store: memoryCheckpointStore(), counts: { t: 5, u: 3 } })
  await a.member.join()
  expect(a.reading.size).toBe(8)
  await eventually(() => expect(a.told.joined).toHaveLength(1))
  expect(a.told.joined[0]).toMatchObject({
    memberId: a.member.memberId(),
    leaderId: a.member.memberId(),
    protocol: 'RoundRobinAssigner',
    assignment: { t: [0, 1, 2, 3, 4], u: [0, 1, 2] },
  })
  expect(a.told.rebalancings).toBe(0)
})

it('shares with members that come, and takes over from those that leave', async () => {
  const store = memoryCheckpointStore()
  const a = open('a', { store })
  const b = open('b', { store })
  const c = open('c', { store })
  await a.member.join()
  await b.member.join()
  await eventually(() => expect(sizes(a, b)).toEqual([6, 6]))
  await c.member.join()
  await eventually(() => expect(sizes(a, b, c)).toEqual([4, 4, 4]))
  expect(union(a, b, c).size).toBe(12)
  await a.member.leave()
  expect(a.reading.size).toBe(0)
  await eventually(() => expect(sizes(b, c)).toEqual([6, 6]))
  await c.member.leave()
  await eventually(() => expect(b.reading.size).toBe(12))
  expect([...a.told.lost, ...b.told.lost, ...c.told.lost]).toEqual([])
  expect(b.told.rebalancings).toBeGreaterThan(0)
})

it('never has two members reading a partition, however many come and go at once', async () => {
  const store = memoryCheckpointStore()
  const all = Array.from({ length: 5 }, (_, i) => open(`m${i}`, { store, counts: { t: 17, u: 4 } }))
  let overlaps = 0
  const watch = setInterval(() => {
    if (union(...all).size !== all.reduce((sum, { reading }) => sum + reading.size, 0)) overlaps++
  }, 1)
  await Promise.all(all.map(({ member }) => member.join()))
  await eventually(() => expect(union(...all).size).toBe(21))
  await Promise.all(all.slice(0, 3).map(({ member }) => member.leave()))
  await eventually(() => expect(union(...all).size).toBe(21))
  clearInterval(watch)
  expect(overlaps).toBe(0)
})

it('waits for the message at hand before a partition changes hands, however long it takes', async () => {
  const store = memoryCheckpointStore()
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const { clock, pass } = movedTime()
  const a = open('a', { store, clock, counts: { t: 2 }, finishing: () => finished, sessionTimeout: 600 })
  const b = open('b', { store, clock, counts: { t: 2 }, sessionTimeout: 600 })
  await a.member.join()
  await b.member.join()
  await pass(60_000) // A hundred session timeouts: the lease is renewed all the while.
  expect(a.reading.size).toBe(2)
  expect(b.reading.size).toBe(0)
  finish()
  await pass(1000)
  expect(sizes(a, b)).toEqual([1, 1])
  expect(a.told.lost).toEqual([])
})

it('takes over from a member that has gone silent, once its session is over', async () => {
  const memory = memoryCheckpointStore()
  let dead = false
  const dying: CheckpointStore = {
    ...memory,
    claimOwnership: (records) => (dead ? new Promise(() => {}) : memory.claimOwnership(records)),
    listOwnership: (...args) => (dead ? new Promise(() => {}) : memory.listOwnership(...args)),
  }
  const { clock, pass } = movedTime()
  const a = open('a', { store: dying, clock, sessionTimeout: 1000 })
  members.pop()
  const b = open('b', { store: memory, clock, sessionTimeout: 1000 })
  await a.member.join()
  await b.member.join()
  await pass(1000)
  expect(sizes(a, b)).toEqual([6, 6])
  dead = true
  // Leases are renewed each third of a session: at least so much of the last one is left.
  await pass(600)
  expect(b.reading.size).toBe(6)
  await pass(1400)
  expect(b.reading.size).toBe(12)
  expect(a.member.leases.holds('t', [...a.reading].map((key) => Number(key.slice(2)))[0] ?? 0)).toBe(false)
})

it('joins anew when the others have given it up for dead', async () => {
  const store = memoryCheckpointStore()
  const a = open('a', { store })
  await a.member.join()
  const first = a.member.memberId()
  const [slot] = await store.listOwnership(namespace, MEMBERS, 'g')
  await store.claimOwnership([{ ...(slot as PartitionOwnership), ownerId: '' }])
  await eventually(() => expect(a.member.memberId()).not.toBe(first))
  expect(a.told.lost).toHaveLength(12)
})

it('leaves alone what a processor of another SDK holds, and yields what it takes', async () => {
  const store = memoryCheckpointStore()
  const foreign = { fullyQualifiedNamespace: namespace, eventHubName: 't', consumerGroup: 'g', ownerId: 'processor' }
  await store.claimOwnership([{ ...foreign, partitionId: '3' }])
  const a = open('a', { store })
  await a.member.join()
  expect(a.reading.size).toBe(11)
  expect(a.reading.has('t/3')).toBe(false)
  await eventually(() => expect(a.told.joined).toHaveLength(1))

  const records = await store.listOwnership(namespace, 't', 'g')
  const [five] = records.filter(({ partitionId }) => partitionId === '5')
  await store.claimOwnership([{ ...(five as PartitionOwnership), ownerId: 'processor' }])
  await eventually(() => expect(a.told.lost).toEqual(['t/5']))
  expect(a.reading.size).toBe(10)

  const [three] = records.filter(({ partitionId }) => partitionId === '3')
  await store.claimOwnership([{ ...(three as PartitionOwnership), ownerId: '' }])
  await eventually(() => expect(a.reading.has('t/3')).toBe(true))
})

/** A way to a store that can be cut. */
function storeThatGoesAway(memory = memoryCheckpointStore()) {
  const outage = { isOn: false }
  const reach =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (outage.isOn) throw new Error('The store is away')
      return call(...args)
    }
  const store: CheckpointStore = {
    ...memory,
    claimOwnership: reach(memory.claimOwnership),
    listOwnership: reach(memory.listOwnership),
  }
  return { store, outage }
}

it('goes on reading while the store is away for less than the session, and stops after it', async () => {
  const { store, outage } = storeThatGoesAway()
  const { clock, pass } = movedTime()
  const a = open('a', { store, clock, sessionTimeout: 1200 })
  await a.member.join()
  outage.isOn = true
  await pass(500)
  expect(a.reading.size).toBe(12)
  await pass(2500)
  expect(a.reading.size).toBe(0)
  expect(a.told.failed).toEqual([])
  outage.isOn = false
  await pass(4000)
  expect(a.reading.size).toBe(12)
})

it('does not take the others for dead because the store was away: each goes on with what it had', async () => {
  const memory = memoryCheckpointStore()
  const { clock, pass } = movedTime()
  const all = ['a', 'b', 'c'].map((name) => {
    const { store, outage } = storeThatGoesAway(memory)
    return { ...open(name, { store, clock, sessionTimeout: 1200 }), outage }
  })
  for (const { member } of all) await member.join()
  await pass(2000)
  const state = () =>
    all.map(({ member, reading, told }) => [member.memberId(), [...reading].sort(), told.rebalancings])
  const before = state()
  expect(sizes(...all)).toEqual([4, 4, 4])
  for (const { outage } of all) outage.isOn = true
  await pass(6000)
  expect(union(...all).size).toBe(0)
  // One is the first that reaches it again.
  for (const { outage } of all) {
    outage.isOn = false
    await pass(200)
  }
  await pass(600)
  expect(state()).toEqual(before)
})

it('shares out partitions that a topic gains, as soon as one member knows of them', async () => {
  const store = memoryCheckpointStore()
  const a = open('a', { store, counts: { t: 4 } })
  const b = open('b', { store, counts: { t: 4 } })
  await a.member.join()
  await b.member.join()
  await eventually(() => expect(sizes(a, b)).toEqual([2, 2]))
  a.counts['t'] = 8
  a.member.nudge()
  await eventually(() => expect(sizes(a, b)).toEqual([4, 4]))
})

it('gives up a topic that is gone', async () => {
  const a = open('a', { store: memoryCheckpointStore(), counts: { t: 4, u: 2 } })
  await a.member.join()
  a.counts['t'] = 0
  a.member.nudge()
  await eventually(() => expect([...a.reading].sort()).toEqual(['u/0', 'u/1']))
})

it('is described as Stable with what each member holds, then as Empty or Dead', async () => {
  const store = memoryCheckpointStore()
  expect(await describeGroup(store, namespace, 'g')).toMatchObject({ state: 'Dead', members: [], protocolType: '' })
  const a = open('a', { store, counts: { t: 2 } })
  await a.member.join()
  await eventually(async () => expect((await describeGroup(store, namespace, 'g')).state).toBe('Stable'))
  const { members: described, protocol } = await describeGroup(store, namespace, 'g')
  expect(protocol).toBe('RoundRobinAssigner')
  expect(described).toHaveLength(1)
  expect(described[0]).toMatchObject({ clientId: 'a', memberId: a.member.memberId() })
  await a.member.leave()
  await store.updateCheckpoint({
    fullyQualifiedNamespace: namespace,
    eventHubName: 't',
    consumerGroup: 'g',
    partitionId: '0',
    sequenceNumber: 1,
    offset: '1',
  })
  expect((await describeGroup(store, namespace, 'g')).state).toBe('Empty')
})

it('keeps what it has while Event Hubs does not answer how many partitions there are', async () => {
  const store = memoryCheckpointStore()
  let isAnswering = true
  const partitionCount = () => (isAnswering ? Promise.resolve(4) : new Promise<number>(() => {}))
  const { clock, pass } = movedTime()
  const a = open('a', { store, clock, counts: { t: 4 }, sessionTimeout: 2500, partitionCount })
  await a.member.join()
  isAnswering = false
  const b = open('b', { store, clock, counts: { t: 4 }, sessionTimeout: 2500 })
  await b.member.join()
  await pass(60_000)
  expect(a.told.lost).toEqual([])
  expect(a.reading.size).toBe(4)
  expect(b.reading.size).toBe(0)
})

it('is not given up by members whose session time-out is shorter', async () => {
  const store = memoryCheckpointStore()
  const { clock, pass } = movedTime()
  const patient = open('patient', { store, clock, counts: { t: 4 }, sessionTimeout: 9000 })
  const hasty = open('hasty', { store, clock, counts: { t: 4 }, sessionTimeout: 2000 })
  await patient.member.join()
  await hasty.member.join()
  await pass(1000)
  expect(sizes(patient, hasty)).toEqual([2, 2])
  const { rebalancings } = hasty.told
  await pass(60_000)
  expect(hasty.told.rebalancings).toBe(rebalancings)
  expect(sizes(patient, hasty)).toEqual([2, 2])
  expect(patient.told.lost).toEqual([])
})

it('gives up a lease and its slot though the store fails once', async () => {
  const memory = memoryCheckpointStore()
  let fails = 0
  const store: CheckpointStore = {
    ...memory,
    claimOwnership: (records, options) =>
      fails-- > 0 ? Promise.reject(new Error('hiccup')) : memory.claimOwnership(records, options),
  }
  const a = open('a', { store, counts: { t: 2 }, sessionTimeout: 60_000 })
  await a.member.join()
  fails = 1
  await a.member.leave()
  const b = open('b', { store: memory, counts: { t: 2 }, sessionTimeout: 60_000 })
  await b.member.join()
  await eventually(() => expect(b.reading.size).toBe(2))
})

it('gives up many partitions a few at a time: neither one after the other nor all at once', async () => {
  const store = memoryCheckpointStore()
  const releases = { now: 0, most: 0 }
  const a = open('a', {
    counts: { t: 40 },
    store: {
      ...store,
      async claimOwnership(records) {
        const isRelease = records.every(({ ownerId }) => ownerId === '')
        if (!isRelease) return store.claimOwnership(records)
        releases.most = Math.max(releases.most, ++releases.now)
        await new Promise(setImmediate)
        releases.now--
        return store.claimOwnership(records)
      },
    },
  })
  await a.member.join()
  await a.member.leave()
  expect(releases.most).toBe(16)
  const records = await store.listOwnership(namespace, 't', 'g')
  expect(records.filter(({ ownerId }) => ownerId === '')).toHaveLength(40)
})

it('is refused before the others see it when it has no assigner in common with them', async () => {
  const memory = memoryCheckpointStore()
  const a = open('a', { store: memory, counts: { t: 2 } })
  await a.member.join()
  const written: string[] = []
  const store: CheckpointStore = {
    ...memory,
    claimOwnership(records, options) {
      written.push(...records.map(({ eventHubName }) => eventHubName))
      return memory.claimOwnership(records, options)
    },
  }
  const misfit = open('misfit', { store, counts: { t: 2 }, assigner: 'Other' })
  await expect(misfit.member.join()).rejects.toThrow('no partition assigner in common')
  expect(written).toEqual([])
  expect(a.told.failed).toEqual([])
})

it('heeds no record that is none', async () => {
  const store = memoryCheckpointStore()
  const claim = (eventHubName: string, partitionId: string, ownerId: string) =>
    store.claimOwnership([
      { fullyQualifiedNamespace: namespace, eventHubName, consumerGroup: 'g', partitionId, ownerId },
    ])
  await claim('t', '0', 'kafkajs:%zz')
  await claim(MEMBERS, 'abc', 'someone')
  await claim(MEMBERS, '0', Buffer.from('not a record').toString('base64url'))
  const a = open('a', { store, counts: { t: 3 } })
  await a.member.join()
  await eventually(() => expect(a.reading.size).toBe(2))
  expect(a.told.failed).toEqual([])
})

it('with the sticky assigner leaves partitions where they are, as far as the others get their share', async () => {
  const store = memoryCheckpointStore()
  const sticky = { store, sticky: true, counts: { t: 24 } }
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => open(name, sticky)) as [Opened, Opened, Opened, Opened]
  await Promise.all([a, b, c].map(({ member }) => member.join()))
  await eventually(() => expect(sizes(a, b, c)).toEqual([8, 8, 8]))
  const before = [a, b, c].map(({ reading }) => new Set(reading))
  await d.member.join()
  await eventually(() => expect(sizes(a, b, c, d)).toEqual([6, 6, 6, 6]))
  for (const [i, { reading }] of [a, b, c].entries()) {
    expect([...reading].filter((key) => !before[i]?.has(key))).toEqual([])
  }
  await d.member.leave()
  await eventually(() => expect(sizes(a, b, c)).toEqual([8, 8, 8]))
  expect([a, b, c].flatMap(({ told }) => told.lost)).toEqual([])
})

type Opened = ReturnType<typeof open>

it('is described with what its assigner has said to it beside the partitions', async () => {
  const store = memoryCheckpointStore()
  const a = open('a', { store, counts: { t: 1 }, noting: { version: 7, userData: Buffer.from('hello') } })
  await a.member.join()
  await eventually(async () => expect((await describeGroup(store, namespace, 'g')).state).toBe('Stable'))
  const { members: described } = await describeGroup(store, namespace, 'g')
  expect(AssignerProtocol.MemberAssignment.decode(described[0]?.memberAssignment as Buffer)).toEqual({
    version: 7,
    assignment: { t: [0] },
    userData: Buffer.from('hello'),
  })
})

import { expect, it } from 'vitest'
import { createOffsets, type Offsets } from '../../../src/consumer/offsets.js'
import type { OffsetToCommit } from '../../../src/offsets/committed-offsets.js'
import type { ReceivedEvent } from '../../../src/translate/event.js'

/** Events as far as offsets look at them. */
const events = (from: number, to: number): ReceivedEvent[] =>
  Array.from(
    { length: to - from },
    (_, i) => ({ sequenceNumber: from + i, offset: `at-${from + i}`, wholeOffset: Number.NaN }) as ReceivedEvent,
  )

function open({ interval = null, threshold = null }: { interval?: number | null; threshold?: number | null } = {}) {
  const written: OffsetToCommit[] = []
  const told: unknown[] = []
  const state = { mayCommit: true, failing: false, before: async () => {}, now: 0 }
  const offsets = createOffsets({
    committed: {
      fetch: async () => new Map(),
      async commit(list) {
        await state.before()
        if (state.failing) throw new Error('the store fails')
        written.push(...list)
      },
    },
    mayCommit: async () => state.mayCommit,
    onCommitted: (list) => told.push(list),
    autoCommitInterval: interval,
    autoCommitThreshold: threshold,
    clock: { now: () => state.now },
  })
  return { offsets, written, told, state }
}

it('commits what is resolved, once, with the service’s own offset of the event before', async () => {
  const { offsets, written, told } = open()
  offsets.start('t', 0, undefined)
  offsets.handing('t', 0, events(0, 3))
  expect(offsets.resolved('t', 0)).toBeUndefined()
  await offsets.commit()
  offsets.resolve('t', 0, 2)
  expect(offsets.uncommitted()).toEqual({ topics: [{ topic: 't', partitions: [{ partition: 0, offset: '2' }] }] })
  await offsets.commit()
  await offsets.commit()
  expect(written).toEqual([{ topic: 't', partition: 0, offset: '2', amqpOffset: 'at-1' }])
  expect(told).toEqual([{ topics: [{ topic: 't', partitions: [{ partition: 0, offset: '2' }] }] }])
  expect(offsets.uncommitted()).toEqual({ topics: [] })
})

it('does not commit what is the committed offset already', async () => {
  const { offsets, written } = open()
  offsets.start('t', 0, 5)
  offsets.resolve('t', 0, 5)
  await offsets.commit()
  expect(written).toEqual([])
})

it('commits one partition, or all', async () => {
  const { offsets, written } = open()
  for (const partition of [0, 1, 2]) {
    offsets.start('t', partition, undefined)
    offsets.resolve('t', partition, partition + 1)
  }
  await offsets.commit({ topic: 't', partition: 1 })
  expect(written.map(({ partition }) => partition)).toEqual([1])
  await offsets.commit()
  expect(written.map(({ partition }) => partition).sort()).toEqual([0, 1, 2])
})

it('writes nothing for a partition that is another’s by now, and tells of nothing', async () => {
  const { offsets, written, told, state } = open()
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1)
  state.mayCommit = false
  await offsets.commit()
  expect([written, told]).toEqual([[], []])
})

it('writes one partition’s offsets one after the other', async () => {
  const { offsets, written, state } = open()
  let first = true
  state.before = async () => {
    if (!first) return
    first = false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1)
  const slow = offsets.commit()
  offsets.resolve('t', 0, 2)
  await Promise.all([slow, offsets.commit()])
  expect(written.map(({ offset }) => Number(offset))).toEqual([...written.map(({ offset }) => Number(offset))].sort())
  expect(written.at(-1)?.offset).toBe('2')
})

it('rejects when the store does, keeps what was not written, and tells of what was', async () => {
  const { offsets, written, state } = open()
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1)
  state.failing = true
  await expect(offsets.commit()).rejects.toThrow('the store fails')
  state.failing = false
  await offsets.commit()
  expect(written).toHaveLength(1)
})

it('commits exactly what it is told to, of partitions not read as well; knows own offsets of this batch and the last', async () => {
  const { offsets, written, told } = open()
  offsets.start('t', 0, undefined)
  offsets.handing('t', 0, events(0, 3))
  offsets.handing('t', 0, events(3, 6))
  const commit = (offset: string, partition = 0) => ({ topic: 't', partition, offset })
  await offsets.commitExactly([commit('5'), commit('2'), commit('20'), commit('7', 9)])
  expect(written.map(({ amqpOffset }) => amqpOffset)).toEqual(['at-4', 'at-1', undefined, undefined])
  expect(told).toHaveLength(1)
  await offsets.commitExactly([commit('1')], { silent: true })
  expect(told).toHaveLength(1)
})

it('commits when the threshold is reached: by messages, of all partitions, since the last commit', async () => {
  const { offsets, written } = open({ threshold: 5 })
  offsets.start('t', 0, 100)
  offsets.start('t', 1, undefined)
  offsets.handing('t', 0, events(100, 110))
  offsets.handing('t', 1, events(40, 50))
  offsets.resolve('t', 0, 103)
  offsets.resolve('t', 1, 41)
  await offsets.commitIfDue()
  expect(written).toEqual([])
  offsets.resolve('t', 1, 42)
  await offsets.commitIfDue()
  expect(written).toHaveLength(2)
  offsets.resolve('t', 0, 104)
  await offsets.commitIfDue()
  expect(written).toHaveLength(2)
})

it('commits when the interval has passed', async () => {
  const { offsets, written, state } = open({ interval: 30 })
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1)
  state.now = 29
  await offsets.commitIfDue()
  expect(written).toEqual([])
  state.now = 30
  await offsets.commitIfDue()
  expect(written).toHaveLength(1)
})

it('commits nothing by itself where neither is configured', async () => {
  const { offsets, written } = open()
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1000)
  await offsets.commitIfDue()
  expect(written).toEqual([])
})

it('forgets a partition that is given up', async () => {
  const { offsets, written } = open()
  offsets.start('t', 0, undefined)
  offsets.resolve('t', 0, 1)
  offsets.forget('t', 0)
  offsets.resolve('t', 0, 2)
  await offsets.commit()
  expect(written).toEqual([])
  expect(offsets.resolved('t', 0)).toBeUndefined()
})

/** A thousand partitions with something to commit, in a store whose writes last a turn. */
function openMany() {
  const opened = open()
  const writes = { now: 0, most: 0 }
  opened.state.before = async () => {
    writes.now++
    writes.most = Math.max(writes.most, writes.now)
    await new Promise((resolve) => setImmediate(resolve))
    writes.now--
  }
  const partitions = Array.from({ length: 1000 }, (_, partition) => partition)
  for (const partition of partitions) {
    opened.offsets.start('t', partition, undefined)
    opened.offsets.resolve('t', partition, 1)
  }
  return { ...opened, writes, partitions }
}

it.each([
  ['commit() of all', (offsets: Offsets) => offsets.commit()],
  [
    'a commit() of each',
    (offsets: Offsets, all: number[]) => all.map((partition) => offsets.commit({ topic: 't', partition })),
  ],
  [
    'a commitExactly() of each',
    (offsets: Offsets, all: number[]) =>
      all.map((partition) => offsets.commitExactly([{ topic: 't', partition, offset: '1' }])),
  ],
])('writes a thousand partitions sixteen at a time with %s', async (_, commit) => {
  const { offsets, written, writes, partitions } = openMany()
  await Promise.all([commit(offsets, partitions)].flat())
  expect(written).toHaveLength(1000)
  expect(writes.most).toBe(16)
})

it('begins no more writes when one has failed, and writes all others before that one again', async () => {
  const { offsets, written, state, partitions } = openMany()
  const { before } = state
  let calls = 0
  state.before = async () => {
    calls++
    await before()
    state.failing = calls <= 16
  }
  await expect(offsets.commit()).rejects.toThrow('the store fails')
  expect(calls).toBe(16)
  state.before = before
  state.failing = false
  await offsets.commit()
  expect(written.map(({ partition }) => partition)).toEqual([...partitions.slice(16), ...partitions.slice(0, 16)])
})

it('begins with what was committed of a partition that was set aside, once, where the store has nothing', () => {
  const { offsets } = open()
  offsets.start('t', 0, 5)
  offsets.setAside('t', 0)
  expect(offsets.committed('t', 0)).toBeUndefined()
  expect(offsets.start('t', 0, 7)).toBe(7)
  offsets.setAside('t', 0)
  expect(offsets.start('t', 0, undefined)).toBe(7)
  offsets.forget('t', 0)
  expect(offsets.start('t', 0, undefined)).toBeUndefined()
})

import { expect, it } from 'vitest'
import { createFetchSizing } from '../../../../src/consumer/partition/fetch-sizing.js'

/** Plays a partition whose events all have one size and come in the numbers given; returns the sizing. */
function play(bytes: number, budget: number, rounds: (asked: number) => number, count: number) {
  const sizing = createFetchSizing({ budget: () => budget })
  let opened = 0
  let mostUnused = 0
  let unused = 0
  const open = () => {
    sizing.opened()
    opened++
    unused = sizing.prefetchCount
  }
  open()
  for (let i = 0; i < count; i++) {
    const events = Math.min(rounds(sizing.maxBatchSize), unused)
    unused += sizing.prefetchCount - events
    mostUnused = Math.max(mostUnused, unused)
    if (sizing.observe(events, events * bytes) !== 'go on') open()
  }
  return { sizing, opened, mostUnused }
}

it('begins with one event', () => {
  const sizing = createFetchSizing({ budget: () => 1_000_000 })
  expect([sizing.maxBatchSize, sizing.prefetchCount]).toEqual([1, 1])
})

it('asks for the first event again, once it knows how large events are', () => {
  const small = createFetchSizing({ budget: () => 1_048_576 })
  expect(small.observe(1, 100)).toBe('again')
  expect(small.prefetchCount).toBe(256)
  const large = createFetchSizing({ budget: () => 1_048_576 })
  expect(large.observe(1, 900_000)).toBe('go on')
  expect(large.prefetchCount).toBe(1)
})

it('grows to many where events are small and come in numbers, opening few links', () => {
  const { sizing, opened } = play(100, 1_048_576, (asked) => asked, 100)
  expect(sizing.maxBatchSize).toBe(1000)
  expect(opened).toBeLessThan(8)
})

it('stays at one where an event is as large as what may be held', () => {
  const { sizing, mostUnused } = play(900_000, 327_680, (asked) => asked, 1000)
  expect([sizing.maxBatchSize, sizing.prefetchCount]).toEqual([1, 1])
  expect(mostUnused).toBeLessThanOrEqual(2)
})

it('does not let unused credit pile up on a quiet partition', () => {
  const small = play(100, 1_048_576, () => 0, 10_000)
  expect(small.mostUnused).toBeLessThan(100)
  const trickle = play(100, 327_680, () => 1, 10_000)
  expect(trickle.mostUnused * 356).toBeLessThan(5 * 327_680)
  expect(trickle.opened).toBeLessThan(500)
})

it('shrinks when events become large', () => {
  const sizing = createFetchSizing({ budget: () => 1_048_576 })
  sizing.opened()
  for (let i = 0; i < 10; i++)
    if (sizing.observe(sizing.maxBatchSize, sizing.maxBatchSize * 100) !== 'go on') sizing.opened()
  expect(sizing.maxBatchSize).toBe(1000)
  for (let i = 0; i < 10; i++) if (sizing.observe(10, 10 * 900_000) !== 'go on') sizing.opened()
  expect(sizing.prefetchCount).toBeLessThanOrEqual(2)
})

it('keeps to fixed numbers', () => {
  const sizing = createFetchSizing({ budget: () => 1, maxBatchSize: 7, prefetchCount: 40 })
  sizing.opened()
  expect([sizing.maxBatchSize, sizing.prefetchCount]).toEqual([7, 40])
  sizing.observe(7, 7_000_000)
  expect([sizing.maxBatchSize, sizing.prefetchCount]).toEqual([7, 40])
})

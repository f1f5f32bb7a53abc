import { expect, it } from 'vitest'
import { createRecordWatch } from '../../../src/group/record-watch.js'

it('counts from when a version was first seen, by its own clock', () => {
  let now = 1000
  const watch = createRecordWatch(1000, () => now)
  expect(watch.idleFor('a', '1')).toBe(0)
  now += 500
  expect(watch.idleFor('a', '1')).toBe(500)
  expect(watch.idleFor('a', '2')).toBe(0)
  now += 10
  expect(watch.idleFor('a', '2')).toBe(10)
  expect(watch.idleFor('b', '2')).toBe(0)
})

it('takes an older version coming back for a sign of life', () => {
  let now = 0
  const watch = createRecordWatch(1000, () => now)
  watch.idleFor('a', '1')
  now = 100
  watch.idleFor('a', '2')
  now = 200
  expect(watch.idleFor('a', '1')).toBe(0)
})

it('counts a gap between two looks no longer than it is told', () => {
  let now = 0
  const watch = createRecordWatch(1000, () => now)
  watch.idleFor('a', '1')
  now = 60_000
  expect(watch.idleFor('a', '1')).toBe(1000)
  now = 60_400
  expect(watch.idleFor('a', '1')).toBe(1400)
  now = 120_000
  expect(watch.idleFor('a', '2')).toBe(0)
})

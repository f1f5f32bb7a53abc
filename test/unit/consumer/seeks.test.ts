import { expect, it } from 'vitest'
import { createSeeks } from '../../../src/consumer/seeks.js'

it('keeps the last word for each partition, until it is applied', () => {
  const seeks = createSeeks()
  seeks.set('t', 0, 5)
  seeks.set('t', 0, 7)
  seeks.set('t', 1, -2)
  expect([seeks.get('t', 0), seeks.get('t', 1), seeks.get('u', 0)]).toEqual([7, -2, undefined])
  seeks.applied('t', 0, 7)
  expect([seeks.has('t', 0), seeks.has('t', 1)]).toEqual([false, true])
})

it('keeps one that came while the one before it was applied', () => {
  const seeks = createSeeks()
  seeks.set('t', 0, 5)
  seeks.set('t', 0, 7)
  seeks.applied('t', 0, 5)
  expect(seeks.get('t', 0)).toBe(7)
})

it('forgets those of partitions that are not meant', () => {
  const seeks = createSeeks()
  seeks.set('t', 0, 5)
  seeks.set('t', 1, 5)
  seeks.set('t/0', 1, 5)
  seeks.keep((topic, partition) => topic === 't' && partition === 1)
  expect([seeks.has('t', 0), seeks.has('t', 1), seeks.has('t/0', 1)]).toEqual([false, true, false])
})

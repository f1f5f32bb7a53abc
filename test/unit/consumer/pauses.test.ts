import { expect, it } from 'vitest'
import { createPauses, validatePauses } from '../../../src/consumer/pauses.js'

const assigned = [{ topic: 't', partitions: [10, 2, 0, 1] }]

it('pauses topics and partitions', () => {
  const pauses = createPauses()
  pauses.pause([{ topic: 't', partitions: [1] }])
  expect(pauses.isPaused('t', 1)).toBe(true)
  expect(pauses.isPaused('t', 0)).toBe(false)
  pauses.pause([{ topic: 't' }])
  expect(pauses.paused(assigned)).toEqual([{ topic: 't', partitions: [0, 1, 2, 10] }])
})

it('adds up partitions, and narrows a paused topic to the partitions paused after it', () => {
  const pauses = createPauses()
  pauses.pause([{ topic: 't', partitions: [1] }])
  pauses.pause([{ topic: 't', partitions: [2] }])
  expect(pauses.paused(assigned)).toEqual([{ topic: 't', partitions: [1, 2] }])
  pauses.pause([{ topic: 't' }])
  pauses.pause([{ topic: 't', partitions: [0] }])
  expect(pauses.paused(assigned)).toEqual([{ topic: 't', partitions: [0] }])
})

it('resumes a partition out of a paused topic, and a whole topic', () => {
  const pauses = createPauses()
  pauses.pause([{ topic: 't' }])
  pauses.resume([{ topic: 't', partitions: [1] }])
  expect(pauses.paused(assigned)).toEqual([{ topic: 't', partitions: [0, 2, 10] }])
  pauses.resume([{ topic: 't' }])
  expect(pauses.paused(assigned)).toEqual([])
})

it('knows nothing of topics not assigned, and does nothing for topics not paused', () => {
  const pauses = createPauses()
  pauses.pause([{ topic: 'other' }])
  pauses.resume([{ topic: 'unknown', partitions: [1] }])
  expect(pauses.paused(assigned)).toEqual([])
})

it.each([
  [[{ topic: '' }], 'Invalid topic [object Object]'],
  [[undefined], 'Invalid topic undefined'],
  [[{ topic: 5 }], 'Invalid topic 5'],
  [[{ topic: 't', partitions: 0 }], 'Array of valid partitions required to pause specific partitions instead of 0'],
  [[{ topic: 't', partitions: ['a'] }], 'Array of valid partitions required to pause specific partitions instead of a'],
])('refuses %j in kafkajs’s words', (list, message) => {
  expect(() => validatePauses([{ topic: 'fine' }, ...list] as never, 'pause')).toThrow(message)
})

import { expect, it } from 'vitest'
import type { PauseEntry } from '../../../../src/consumer/pauses.js'
import { createSteering } from '../../../../src/consumer/run/steering.js'

function open() {
  const woken: PauseEntry[] = []
  const workers = { wake: (list: readonly PauseEntry[]) => void woken.push(...list), assigned: () => assigned }
  const assigned = [{ topic: 't', partitions: [0, 1] }]
  const steering = createSteering(() => workers)
  return { steering, woken }
}

it('takes seeks before the group is joined, and drops those of partitions not given then', () => {
  const { steering } = open()
  steering.seek('t', 0, 5)
  steering.seek('t', 7, 5)
  steering.joined({ t: [0, 1] })
  expect(steering.seeks.get('t', 0)).toBe(5)
  expect(steering.seeks.has('t', 7)).toBe(false)
})

it('passes over a seek of a partition that is not this member’s, and wakes nobody', () => {
  const { steering, woken } = open()
  steering.joined({ t: [0] })
  steering.seek('t', 1, 5)
  expect(steering.seeks.has('t', 1)).toBe(false)
  expect(woken).toEqual([])
  steering.rebalancing()
  steering.seek('t', 1, 5)
  expect(steering.seeks.get('t', 1)).toBe(5)
  expect(woken).toEqual([{ topic: 't', partitions: [1] }])
})

it('wakes what it pauses and resumes, and tells the paused ones among those assigned', () => {
  const { steering, woken } = open()
  steering.pause([{ topic: 't', partitions: [1, 2] }])
  expect(steering.paused()).toEqual([{ topic: 't', partitions: [1] }])
  steering.resume([{ topic: 't' }])
  expect(steering.paused()).toEqual([])
  expect(woken).toEqual([{ topic: 't', partitions: [1, 2] }, { topic: 't' }])
})

it('keeps what is said before the run is connected', () => {
  const steering = createSteering(() => undefined)
  steering.pause([{ topic: 't' }])
  steering.seek('t', 0, 5)
  expect(steering.pauses.isPaused('t', 0)).toBe(true)
  expect(steering.seeks.get('t', 0)).toBe(5)
  expect(steering.paused()).toEqual([])
})

import { expect, it } from 'vitest'
import { Credit } from '../../../../src/eventhubs/reading/credit.js'

const none = { count: 0, bytes: 0 }

it('asks for one event first, and for no other before it has come', () => {
  const credit = new Credit({ budget: () => 1_000_000, limit: 2000 })
  expect(credit.more(none, 0)).toBe(1)
  expect(credit.more(none, 1)).toBe(0)
})

it('asks for what the budget has room for by the size of late events, less what is held and asked for', () => {
  const credit = new Credit({ budget: () => 100_000, limit: 2000 })
  credit.learn({ count: 100, bytes: 100_000 })
  expect(credit.more(none, 0)).toBe(100)
  expect(credit.more({ count: 40, bytes: 40_000 }, 0)).toBe(60)
  expect(credit.more({ count: 40, bytes: 40_000 }, 20)).toBe(40)
  expect(credit.more({ count: 100, bytes: 100_000 }, 0)).toBe(0)
})

it('asks for a quarter at a time at least', () => {
  const credit = new Credit({ budget: () => 100_000, limit: 2000 })
  credit.learn({ count: 100, bytes: 100_000 })
  expect(credit.more(none, 80)).toBe(0)
  expect(credit.more(none, 75)).toBe(25)
})

it('trusts the first events with little, and no number of events with more than its limit', () => {
  const credit = new Credit({ budget: () => 100_000_000, limit: 1000 })
  credit.learn({ count: 1, bytes: 300 })
  expect(credit.more(none, 0)).toBe(256)
  credit.learn({ count: 200, bytes: 60_000 })
  expect(credit.more(none, 0)).toBe(1000)
  expect(credit.more({ count: 700, bytes: 210_000 }, 0)).toBe(300)
  expect(credit.more({ count: 900, bytes: 270_000 }, 0)).toBe(0)
})

it('asks for one at a time of events that are larger than the budget, once there is none', () => {
  const credit = new Credit({ budget: () => 300_000, limit: 1000 })
  credit.learn({ count: 1, bytes: 900_000 })
  expect(credit.more({ count: 1, bytes: 900_000 }, 0)).toBe(0)
  expect(credit.more(none, 0)).toBe(1)
})

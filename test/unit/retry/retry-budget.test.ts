import { expect, it } from 'vitest'
import { createRetryBudget } from '../../../src/retry/retry-budget.js'

const settings = { initialRetryTime: 100, factor: 0, multiplier: 2, maxRetryTime: 300, retries: 3 }
const error = new Error('it failed')

it('gives longer and longer waits, and then throws with what was tried', () => {
  const budget = createRetryBudget(settings)
  expect([1, 2, 3].map(() => budget.take(error, 'a'))).toEqual([100, 200, 300])
  expect(budget.retryCount).toBe(3)
  expect(() => budget.take(error, 'a')).toThrow(
    expect.objectContaining({ name: 'KafkaJSNumberOfRetriesExceeded', retryCount: 3, retryTime: 300, cause: error }),
  )
})

it('is renewed by progress', () => {
  const budget = createRetryBudget(settings)
  budget.take(error, 'a')
  budget.take(error, 'a')
  expect(budget.take(error, 'b')).toBe(100)
  expect(budget.retryCount).toBe(1)
})

it('lets what has been mended be tried again at once, but not for ever', () => {
  const budget = createRetryBudget(settings)
  expect([1, 2, 3].map(() => budget.takeMended('a'))).toEqual([true, true, false])
  expect(budget.takeMended('b')).toBe(true)
})

it('with no retries throws at once', () => {
  expect(() => createRetryBudget({ ...settings, retries: 0 }).take(error, 'a')).toThrow('it failed')
})

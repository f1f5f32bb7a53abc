import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { closeWithin } from '../../../../src/eventhubs/connection/close-within.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'

const logger = createLogger({ level: 0 })
const never = () => new Promise<never>(() => undefined)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('waits two seconds for a farewell that is not answered', async () => {
  let isDone = false
  const closing = closeWithin(never, logger).then(() => {
    isDone = true
  })
  await vi.advanceTimersByTimeAsync(1999)
  expect(isDone).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await closing
})

it('waits for none on a connection that is gone, and no longer than it takes', async () => {
  await closeWithin(never, logger, true)
  await closeWithin(async () => undefined, logger)
  await closeWithin(() => Promise.reject(new Error('gone')), logger)
  expect(vi.getTimerCount()).toBe(0)
})

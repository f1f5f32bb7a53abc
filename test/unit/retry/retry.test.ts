import { describe, expect, it, vi } from 'vitest'
import { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from '../../../src/errors/index.js'
import { firstRetryTime, nextRetryTime, type RetrySettings, retry } from '../../../src/retry/retry.js'

const quick: RetrySettings = { initialRetryTime: 1, factor: 0, multiplier: 1, maxRetryTime: 1, retries: 3 }

const failing = (error: unknown, times = Number.POSITIVE_INFINITY) => {
  const attempts: number[] = []
  const operation = async ({ retryCount }: { retryCount: number }) => {
    attempts.push(retryCount)
    if (attempts.length <= times) throw error
    return 'done'
  }
  return { attempts, operation }
}

describe('retry', () => {
  it('tries again until it succeeds', async () => {
    const { attempts, operation } = failing(new KafkaJSError('busy'), 2)
    await expect(retry(operation, quick)).resolves.toBe('done')
    expect(attempts).toEqual([0, 1, 2])
  })

  it('gives up after as many retries as allowed, and says which error was last', async () => {
    const error = new KafkaJSError('busy')
    const { attempts, operation } = failing(error)
    const failure = await retry(operation, quick).catch((reason) => reason)
    expect(attempts).toEqual([0, 1, 2, 3])
    expect(failure).toBeInstanceOf(KafkaJSNumberOfRetriesExceeded)
    expect(failure).toMatchObject({ message: 'busy', cause: error, retryCount: 3, retryTime: 1, retriable: false })
  })

  it.each([
    new KafkaJSNonRetriableError('no'),
    new TypeError('mistake'),
    new RangeError('mistake'),
    new ReferenceError('mistake'),
    new SyntaxError('mistake'),
  ])('does not retry %o', async (error) => {
    const { attempts, operation } = failing(error)
    await expect(retry(operation, quick)).rejects.toBe(error)
    expect(attempts).toEqual([0])
  })

  it('retries what fetch throws when the network is away', async () => {
    const { operation } = failing(new TypeError('fetch failed', { cause: new Error('ECONNRESET') }), 1)
    await expect(retry(operation, quick)).resolves.toBe('done')
  })

  it('retries whatever says nothing about itself', async () => {
    const { operation } = failing('a text', 1)
    await expect(retry(operation, quick)).resolves.toBe('done')
  })

  it('tells of each retry', async () => {
    const onRetry = vi.fn()
    const error = new KafkaJSError('busy')
    await retry(failing(error, 2).operation, quick, { onRetry })
    expect(onRetry.mock.calls).toEqual([
      [error, { retryCount: 0, retryTime: 1 }],
      [error, { retryCount: 1, retryTime: 1 }],
    ])
  })

  it('stops waiting when told to', async () => {
    const controller = new AbortController()
    const error = new KafkaJSError('busy')
    const patient = { ...quick, initialRetryTime: 60_000, maxRetryTime: 60_000 }
    const { attempts, operation } = failing(error)
    const result = retry(operation, patient, { signal: controller.signal, onRetry: () => controller.abort() })
    await expect(result).rejects.toBe(error)
    expect(attempts).toEqual([0])
    await expect(retry(operation, patient, { signal: controller.signal })).rejects.toBe(controller.signal.reason)
  })

  it('waits as kafkajs does: about 300, 600, 1200 ms, with jitter, and never longer than allowed', () => {
    const settings: RetrySettings = {
      initialRetryTime: 300,
      factor: 0.2,
      multiplier: 2,
      maxRetryTime: 30_000,
      retries: 5,
    }
    for (let run = 0; run < 100; run++) {
      const first = firstRetryTime(settings)
      expect(first).toBeGreaterThanOrEqual(240)
      expect(first).toBeLessThanOrEqual(360)
      const second = nextRetryTime(300, settings)
      expect(second).toBeGreaterThanOrEqual(480)
      expect(second).toBeLessThanOrEqual(720)
      expect(nextRetryTime(29_000, settings)).toBe(30_000)
    }
    // setTimeout would fire at once, and Node 24 would warn.
    expect(nextRetryTime(1e12, { ...settings, maxRetryTime: Number.POSITIVE_INFINITY })).toBe(2_147_483_647)
    expect(firstRetryTime({ ...settings, factor: 5, initialRetryTime: 1 })).toBeGreaterThanOrEqual(0)
  })
})

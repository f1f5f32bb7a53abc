import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPatience } from '../../../src/auth/patience.js'
import { RenewingToken } from '../../../src/auth/renewing-token.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { logLevel } from '../../../src/types/enums.js'
import type { LogEntry, Logger } from '../../../src/types/index.js'
import { createHostileValues } from '../../support/hostile.js'

const scope = 'https://eventhubs.azure.net//.default'
const minute = 60_000

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

/** Retries after 300, 600 and 1200 ms. */
const retry = { initialRetryTime: 300, factor: 0, multiplier: 2, maxRetryTime: 30_000, retries: 3 }
const patienceOf = (logger: Logger) =>
  createPatience({ retry, logger, what: 'token', signal: new AbortController().signal })

/** A renewing token over a source that answers as told, and what became of it. */
function renewing(answer: () => { life: number } | Error | null, threshold = 10_000) {
  const state = { requests: 0, shorter: 0, log: [] as LogEntry[] }
  const logger = createLogger({ level: logLevel.DEBUG, logCreator: () => (entry) => void state.log.push(entry) })
  const source = {
    async getToken() {
      const number = ++state.requests
      const given = answer()
      if (given instanceof Error) throw given
      return given && { token: `token ${number}`, expiresOnTimestamp: Date.now() + given.life }
    },
  }
  const token = new RenewingToken(source, {
    threshold,
    timeout: 10_000,
    patience: patienceOf(logger),
    onShorterLife: () => void state.shorter++,
  })
  return { state, token, get: () => token.getToken(scope) }
}

/** What the SDK does: puts a token, and again after the time it took from the first one. */
async function link(get: () => Promise<{ token: string; expiresOnTimestamp: number }>, duration: number) {
  const puts: { at: number; token: string }[] = []
  let interval: number | undefined
  while (Date.now() < duration) {
    const { token, expiresOnTimestamp } = await get()
    interval ??= expiresOnTimestamp - Date.now() - 2 * minute
    expect(interval).toBeGreaterThan(0)
    puts.push({ at: Date.now(), token })
    await vi.advanceTimersByTimeAsync(interval)
  }
  return puts
}

describe('a renewing token', () => {
  for (const life of [3000, 10_000, 60_000, 10 * minute, 60 * minute, 24 * 60 * minute]) {
    it(`is put in time when tokens live ${life / 1000} s, with no more requests than needed`, async () => {
      const { state, get } = renewing(() => ({ life }))
      const born = new Map<string, number>()
      const duration = life * 20
      const puts = await link(async () => {
        const before = state.requests
        const token = await get()
        if (state.requests > before) born.set(token.token, Date.now())
        return token
      }, duration)
      for (const [index, { token }] of puts.slice(0, -1).entries()) {
        const next = puts[index + 1] as { at: number }
        expect(next.at).toBeLessThan((born.get(token) as number) + life)
      }
      expect(state.requests).toBeLessThanOrEqual(Math.ceil(20 / 0.8))
      expect(state.shorter).toBe(0)
    })
  }

  it('is asked for once by many links', async () => {
    const { state, get } = renewing(() => ({ life: minute }))
    const tokens = await Promise.all(Array.from({ length: 50 }, get))
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['token 1']))
    expect(state.requests).toBe(1)
  })

  it('is asked for again after one failure, which is logged', async () => {
    let failures = 1
    const { state, get } = renewing(() => (failures-- > 0 ? new Error('the issuer hiccups') : { life: minute }))
    const getting = get()
    await vi.advanceTimersByTimeAsync(100)
    expect((await getting).token).toBe('token 2')
    expect(state.log.map(({ log }) => log.message)).toEqual([expect.stringContaining('the issuer hiccups')])
  })

  it('is used to its end while the source fails, and then rejects with the cause', async () => {
    const cause = new Error('the issuer is down')
    let isDown = false
    const { get } = renewing(() => (isDown ? cause : { life: 10_000 }))
    await get()
    isDown = true
    await vi.advanceTimersByTimeAsync(9000)
    const stillGood = get()
    await vi.advanceTimersByTimeAsync(100)
    expect((await stillGood).token).toBe('token 1')
    await vi.advanceTimersByTimeAsync(1000)
    const over = get().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(100 + 300 + 600 + 1200)
    expect(await over).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringContaining('the issuer is down'),
      cause,
    })
  })

  it('is asked for until it can be had again, once it has ended, and all links wait for the same', async () => {
    let isDown = false
    const { state, get } = renewing(() => (isDown ? new Error('the issuer hiccups') : { life: 10_000 }))
    await get()
    isDown = true
    await vi.advanceTimersByTimeAsync(10_000)
    state.log.length = 0
    const links = Promise.all([get(), get(), get()])
    await vi.advanceTimersByTimeAsync(100 + 300 + 600 + 1199)
    isDown = false
    await vi.advanceTimersByTimeAsync(1)
    expect(new Set((await links).map(({ token }) => token))).toEqual(new Set(['token 6']))
    expect(state.log.map(({ label, log }) => [label, log['retryCount'], log['retryTime']])).toEqual([
      ['WARN', 0, 100],
      ['WARN', 1, 300],
      ['WARN', 2, 600],
      ['WARN', 3, 1200],
    ])
  })

  it('spends no patience while a token is in force', async () => {
    let isDown = false
    const { state, get } = renewing(() => (isDown ? new Error('the issuer hiccups') : { life: 60_000 }))
    await get()
    isDown = true
    await vi.advanceTimersByTimeAsync(50_000)
    for (let time = 0; time < 9000; time += 1000) {
      const current = get()
      await vi.advanceTimersByTimeAsync(1000)
      expect((await current).token).toBe('token 1')
    }
    await vi.advanceTimersByTimeAsync(1000)
    const before = state.requests
    const over = expect(get()).rejects.toThrow('the issuer hiccups')
    await vi.advanceTimersByTimeAsync(100 + 300 + 600 + 1200)
    await over
    expect(state.requests - before).toBe(5)
  })

  it('says when tokens come to live shorter than links wait', async () => {
    let life = 60 * minute
    const { state, get } = renewing(() => ({ life }))
    const first = await get()
    expect(first.expiresOnTimestamp - 2 * minute).toBe(2 * minute)
    life = 20_000
    await vi.advanceTimersByTimeAsync(59 * minute)
    const second = await get()
    expect(state.shorter).toBe(1)
    expect(second.expiresOnTimestamp - Date.now() - 2 * minute).toBe(2000)
  })

  it('gives up on a source that does not answer, and asks it again the next time', async () => {
    let hangs = true
    const logger = createLogger({ level: logLevel.NOTHING })
    const source = {
      getToken: () =>
        hangs ? new Promise<never>(() => {}) : Promise.resolve({ token: 't', expiresOnTimestamp: Date.now() + minute }),
    }
    const token = new RenewingToken(source, {
      threshold: 1,
      timeout: 1000,
      patience: patienceOf(logger),
      onShorterLife: () => undefined,
    })
    const rejected = expect(token.getToken(scope)).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
    await vi.advanceTimersByTimeAsync(3000)
    await rejected
    hangs = false
    expect(await token.getToken(scope)).toMatchObject({ token: 't' })
  })

  it('has links opened anew once at most for a source that hands out its last token to the end', async () => {
    const end = 10_000
    const { state, get } = renewing(() => ({ life: end - (Date.now() % end) }))
    await link(get, 5 * end)
    expect(state.shorter).toBeLessThanOrEqual(6)
    expect(state.requests).toBeLessThan(100)
  })

  it('copes with an identity library that hands out a cached token near its end', async () => {
    // MSAL renews only in the last five minutes.
    let end = 60 * minute
    const source = {
      async getToken() {
        if (end - Date.now() < 5 * minute) end = Date.now() + 60 * minute
        return { token: String(end), expiresOnTimestamp: end }
      },
    }
    const logger = createLogger({ level: logLevel.NOTHING })
    const token = new RenewingToken(source, {
      threshold: 10_000,
      timeout: 10_000,
      patience: patienceOf(logger),
      onShorterLife: () => expect.fail(),
    })
    const puts = await link(() => token.getToken(scope), 300 * minute)
    for (const [index, put] of puts.slice(0, -1).entries()) {
      expect((puts[index + 1] as { at: number }).at).toBeLessThan(Number(put.token))
    }
  })

  for (const [what, answer] of [
    ['nothing', () => null],
    ['an expired token', () => ({ life: -1 })],
    ['a token without an end', () => ({ life: Number.NaN })],
  ] as const) {
    it(`rejects ${what}`, async () => {
      const { get } = renewing(answer)
      const rejected = get().catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(100)
      expect(await rejected).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', retriable: false })
    })
  }

  it.each(createHostileValues())('tells of a source that throws %s as of one that fails', async (_, thrown) => {
    const { get } = renewing(() => {
      throw thrown
    })
    const rejected = expect(get()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/^The credential gave no token: ./),
    })
    await vi.advanceTimersByTimeAsync(100)
    await rejected
  })

  it('tells of a token that can’t be looked at', async () => {
    const logger = createLogger({ level: logLevel.NOTHING })
    const given = {
      expiresOnTimestamp: minute,
      get token(): string {
        throw undefined
      },
    }
    const options = { threshold: 1, timeout: 1000, patience: patienceOf(logger), onShorterLife: () => undefined }
    const token = new RenewingToken({ getToken: async () => given }, options)
    const rejected = expect(token.getToken(scope)).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
    await vi.advanceTimersByTimeAsync(100)
    await rejected
  })

  it('gives no answer once it is closed, which ends the timers of the SDK', async () => {
    const { token, get } = renewing(() => ({ life: minute }))
    await get()
    token.close()
    const answered = vi.fn()
    get().then(answered, answered)
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(answered).not.toHaveBeenCalled()
  })
})

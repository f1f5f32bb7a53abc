import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CredentialSource } from '../../../src/auth/credential-source.js'
import { sasAuth } from '../../../src/auth/sas.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { AuthProvider } from '../../../src/types/auth-provider.js'
import { logLevel } from '../../../src/types/enums.js'
import { createHostileValues } from '../../support/hostile.js'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

const retry = { initialRetryTime: 300, factor: 0, multiplier: 2, maxRetryTime: 30_000, retries: 3 }

function sourceOf(provider: AuthProvider) {
  const state = { replaced: 0 }
  const source = new CredentialSource({
    provider,
    fullyQualifiedNamespace: 'ns.servicebus.windows.net',
    reauthenticationThreshold: 10_000,
    timeout: 10_000,
    retry,
    logger: createLogger({ level: logLevel.NOTHING }),
    onReplaced: () => void state.replaced++,
  })
  return { source, state }
}

const signature = (seconds: number) => `SharedAccessSignature sr=x&sig=y&se=${seconds}&skn=z`

it('tells the provider the namespace, and asks it once', async () => {
  const getCredential = vi.fn(() => ({ name: 'a', key: 'b' }))
  const { source } = sourceOf({ getCredential })
  expect(await source.current()).toEqual({ credential: { name: 'a', key: 'b' }, entityPath: undefined })
  await source.current()
  expect(getCredential.mock.calls).toEqual([[{ fullyQualifiedNamespace: 'ns.servicebus.windows.net' }]])
})

it('takes a connection string apart', async () => {
  const connectionString = 'Endpoint=sb://h/;SharedAccessKeyName=a;SharedAccessKey=b=;EntityPath=orders'
  const { source } = sourceOf({ getCredential: () => ({ connectionString }) })
  expect(await source.current()).toEqual({ credential: { name: 'a', key: 'b=' }, entityPath: 'orders' })
})

it('asks the provider for another signature before one ends', async () => {
  const getCredential = vi.fn(() => ({ signature: signature(Date.now() / 1000 + 100) }))
  const { source, state } = sourceOf({ getCredential })
  await source.current()
  await vi.advanceTimersByTimeAsync(89_000)
  expect(state.replaced).toBe(0)
  await vi.advanceTimersByTimeAsync(1000)
  expect(state.replaced).toBe(1)
  expect(await source.current()).toMatchObject({ credential: { signature: signature(190) } })
  source.close()
})

it('leaves links alone when the provider has no newer signature', async () => {
  const { source, state } = sourceOf({ getCredential: () => ({ signature: signature(100) }) })
  await source.current()
  await vi.advanceTimersByTimeAsync(95_000)
  expect(state.replaced).toBe(0)
  source.close()
})

it('goes on with the signature it has while the provider fails, and asks until it has another', async () => {
  const signature = (end: number) => `SharedAccessSignature sr=x&sig=y&se=${end / 1000}&skn=n`
  const given = [signature(100_000), new Error('sealed'), new Error('sealed'), signature(400_000)]
  const { source, state } = sourceOf({
    getCredential: async () => {
      const next = given.shift() as Error | string
      if (typeof next !== 'string') throw next
      return { signature: next }
    },
  })
  const ends = async () => (await source.current()).credential
  await ends()
  await vi.advanceTimersByTimeAsync(91_000)
  expect(given).toHaveLength(1)
  expect(await ends()).toEqual({ signature: signature(100_000) })
  await vi.advanceTimersByTimeAsync(4000)
  expect(await ends()).toEqual({ signature: signature(400_000) })
  expect(state.replaced).toBe(1)
  source.close()
})

it('gives up on a provider that does not answer, and asks it again the next time', async () => {
  let hangs = true
  const { source } = sourceOf({ getCredential: () => (hangs ? new Promise<never>(() => {}) : { name: 'a', key: 'k' }) })
  const asking = source.current()
  const rejected = expect(asking).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
    message: expect.stringContaining('no answer within 10000 ms'),
  })
  await vi.advanceTimersByTimeAsync(20_100)
  await rejected
  hangs = false
  expect(await source.current()).toMatchObject({ credential: { name: 'a' } })
})

it('asks again after a refusal', async () => {
  let key = 'old'
  const { source } = sourceOf({ getCredential: () => ({ name: 'a', key }) })
  await source.current()
  key = 'rotated'
  source.invalidate()
  expect(await source.current()).toMatchObject({ credential: { key: 'rotated' } })
})

/** Refuses what has another key than this, as the service does. */
const judgeOf = (source: CredentialSource, valid: () => string) => () =>
  source.attempt(async (goesWith) => {
    const given = await source.current()
    goesWith(given)
    const { key } = given.credential as { key: string }
    if (key !== valid()) throw Object.assign(new Error('InvalidSignature'), { code: 'UnauthorizedError' })
    return key
  })

it('has the provider asked once, and at once, when all links are refused what was taken before', async () => {
  let key = 'old'
  const getCredential = vi.fn(() => ({ name: 'a', key }))
  const { source } = sourceOf({ getCredential })
  const judged = judgeOf(source, () => key)
  await judged()
  key = 'new'
  expect(await Promise.all([judged(), judged(), judged()])).toEqual(['new', 'new', 'new'])
  expect(getCredential).toHaveBeenCalledTimes(2)
})

it('waits for a provider that still gives the old key, for as long as the retries last', async () => {
  const getCredential = vi.fn(() => ({ name: 'a', key: 'old' }))
  const { source } = sourceOf({ getCredential })
  let valid = 'old'
  const judged = judgeOf(source, () => valid)
  await judged()
  valid = 'new'
  const all = Promise.allSettled([judged(), judged(), judged()])
  await vi.advanceTimersByTimeAsync(300 + 600 + 1199)
  expect(getCredential).toHaveBeenCalledTimes(1 + 1 + 2)
  await vi.advanceTimersByTimeAsync(1)
  for (const { status } of await all) expect(status).toBe('rejected')
  expect(getCredential).toHaveBeenCalledTimes(1 + 1 + 3)
  // It has had its chance, until it gives something that is taken.
  await expect(judged()).rejects.toMatchObject({ code: 'UnauthorizedError' })
  valid = 'old'
  expect(await judged()).toBe('old')
})

it('fails at once with a credential that was never taken, and with one that can not change', async () => {
  const getCredential = vi.fn(() => ({ name: 'a', key: 'wrong' }))
  const { source } = sourceOf({ getCredential })
  await expect(judgeOf(source, () => 'right')()).rejects.toMatchObject({ code: 'UnauthorizedError' })
  expect(getCredential).toHaveBeenCalledTimes(1)

  const { source: fixed } = sourceOf(sasAuth({ keyName: 'a', key: 'old' }))
  let valid = 'old'
  const judged = judgeOf(fixed, () => valid)
  await judged()
  valid = 'new'
  await expect(judged()).rejects.toMatchObject({ code: 'UnauthorizedError' })
})

it('asks a provider that fails twice, and rejects with the cause', async () => {
  const cause = new Error('the vault is sealed')
  const getCredential = vi.fn(() => Promise.reject(cause))
  const { source } = sourceOf({ getCredential })
  const rejected = expect(source.current()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError', cause })
  await vi.advanceTimersByTimeAsync(100)
  await rejected
  expect(getCredential).toHaveBeenCalledTimes(2)
})

it.each([
  ['fails', () => Promise.reject(new Error('sealed'))],
  ['gives a signature that has ended', () => ({ signature: signature(1) })],
])('goes on asking a provider that has worked and then %s, until the retries are used up', async (_, failure) => {
  vi.setSystemTime(60_000)
  let isFailing = false
  const getCredential = vi.fn(() => (isFailing ? failure() : { signature: signature(1000) }))
  const { source } = sourceOf({ getCredential })
  await source.current()
  isFailing = true
  source.invalidate()
  const late = source.current()
  await vi.advanceTimersByTimeAsync(100 + 300 + 599)
  expect(getCredential).toHaveBeenCalledTimes(4)
  isFailing = false
  await vi.advanceTimersByTimeAsync(1)
  expect(await late).toMatchObject({ credential: { signature: signature(1000) } })

  isFailing = true
  source.invalidate()
  const never = expect(source.current()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  await vi.advanceTimersByTimeAsync(100 + 300 + 600 + 1200)
  await never
  // It has had its chance: whoever asks from here on is told at once, until it gives something.
  getCredential.mockClear()
  const atOnce = expect(source.current()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  await vi.advanceTimersByTimeAsync(100)
  await atOnce
  expect(getCredential).toHaveBeenCalledTimes(2)
  source.close()
})

it('asks no more when it is left', async () => {
  let isFailing = false
  const getCredential = vi.fn(() => (isFailing ? Promise.reject(new Error('sealed')) : { name: 'a', key: 'k' }))
  const { source } = sourceOf({ getCredential })
  await source.current()
  isFailing = true
  source.invalidate()
  const rejected = expect(source.current()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  await vi.advanceTimersByTimeAsync(100)
  source.leave()
  await rejected
  expect(getCredential).toHaveBeenCalledTimes(3)
})

it('asks for a token again after a refusal as it does for any but the first', async () => {
  let isFailing = false
  let requests = 0
  const getToken = async () => {
    requests++
    if (isFailing) throw new Error('the issuer is down')
    return { token: String(requests), expiresOnTimestamp: Date.now() + 60_000 }
  }
  const { source } = sourceOf({ getCredential: () => ({ getToken }) })
  const token = async () => ((await source.current()).credential as { getToken(): Promise<unknown> }).getToken()
  await token()
  isFailing = true
  source.invalidate()
  const late = token()
  await vi.advanceTimersByTimeAsync(100 + 300 + 599)
  expect(requests).toBe(4)
  isFailing = false
  await vi.advanceTimersByTimeAsync(1)
  expect(await late).toMatchObject({ token: '5' })
  source.close()
})

for (const wrong of [undefined, null, 'a string', {}, { name: 'only' }, { getToken: 'no function' }]) {
  it(`rejects ${JSON.stringify(wrong)} from a provider`, async () => {
    const { source } = sourceOf({ getCredential: () => wrong as never })
    const rejected = expect(source.current()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringContaining('getCredential() must give'),
    })
    await vi.advanceTimersByTimeAsync(100)
    await rejected
  })
}

it.each(createHostileValues())('a provider that throws %s is told as one that fails', async (_, thrown) => {
  const { source } = sourceOf({
    getCredential() {
      throw thrown
    },
  })
  const rejected = expect(source.current()).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
    message: expect.stringMatching(/^The credential gave no token: ./),
    retriable: false,
  })
  await vi.advanceTimersByTimeAsync(100)
  await rejected
})

it.each(createHostileValues())('a provider that gives %s is told so', async (_, given) => {
  const { source } = sourceOf({ getCredential: () => given as never })
  const rejected = expect(source.current()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  await vi.advanceTimersByTimeAsync(100)
  await rejected
})

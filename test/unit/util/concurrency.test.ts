import { expect, it } from 'vitest'
import { createPlaces, mapConcurrently } from '../../../src/util/concurrency.js'
import { createDeferred } from '../../../src/util/deferred.js'

const numbers = Array.from({ length: 1000 }, (_, i) => i)

/** Counts calls under way; each lasts until `open`. */
function createGate() {
  const gate = createDeferred()
  const seen = { now: 0, most: 0 }
  return {
    seen,
    open: () => gate.resolve(),
    async pass() {
      seen.now++
      seen.most = Math.max(seen.most, seen.now)
      await gate.promise
      seen.now--
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('runs sixteen calls at a time, no more and no fewer, and gives the results in order', async () => {
  const { seen, open, pass } = createGate()
  const mapping = mapConcurrently(numbers, async (n) => {
    await pass()
    return n * 2
  })
  await turn()
  expect(seen.now).toBe(16)
  open()
  expect(await mapping).toEqual(numbers.map((n) => n * 2))
  expect(seen.most).toBe(16)
})

it('has as many places for calls that come by themselves', async () => {
  const { seen, open, pass } = createGate()
  const places = createPlaces()
  const all = numbers.map(() => places.run(pass))
  await turn()
  expect(seen.now).toBe(16)
  open()
  await Promise.all(all)
  expect(seen).toEqual({ now: 0, most: 16 })
})

it('rejects with the first failure of the list, when all others have run', async () => {
  const ran: number[] = []
  const mapping = mapConcurrently(numbers, async (n) => {
    if (n === 30) await turn()
    ran.push(n)
    if (n === 30 || n === 31) throw new Error(String(n))
  })
  await expect(mapping).rejects.toThrow('30')
  expect(ran).toHaveLength(1000)
})

it('begins no more after a failure where it is told so', async () => {
  const ran: number[] = []
  const mapping = mapConcurrently(
    numbers,
    async (n) => {
      ran.push(n)
      await turn()
      throw new Error(String(n))
    },
    { stopsAtFailure: true },
  )
  await expect(mapping).rejects.toThrow('0')
  expect(ran).toHaveLength(16)
})

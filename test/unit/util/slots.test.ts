import { expect, it } from 'vitest'
import { createSlots } from '../../../src/util/slots.js'

const never = new AbortController().signal

it('hands places out first come, first served', async () => {
  const slots = createSlots(1)
  const order: string[] = []
  const first = await slots.acquire(never)
  const waiting = ['a', 'b'].map((name) =>
    slots.acquire(never).then((release) => {
      order.push(name)
      release?.()
    }),
  )
  expect(order).toEqual([])
  first?.()
  first?.() // Giving back twice frees one place.
  await Promise.all(waiting)
  expect(order).toEqual(['a', 'b'])
})

it('lets one that waits go, without losing a place', async () => {
  const slots = createSlots(1)
  const release = await slots.acquire(never)
  const gone = new AbortController()
  const waiting = slots.acquire(gone.signal)
  gone.abort()
  expect(await waiting).toBeUndefined()
  release?.()
  expect(await slots.acquire(never)).toBeTypeOf('function')
})

it('gives a place back when what ran in it fails', async () => {
  const slots = createSlots(1)
  await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await slots.run(async () => 1)).toBe(1)
})

it('runs nothing for one that has gone while it waited', async () => {
  const slots = createSlots(1)
  await slots.acquire()
  const gone = new AbortController()
  const running = slots.run(async () => expect.fail('ran'), gone.signal)
  gone.abort(new Error('gone'))
  await expect(running).rejects.toThrow('gone')
})

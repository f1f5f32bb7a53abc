import { afterEach, describe, expect, it } from 'vitest'
import {
  createHandlerCalls,
  type HandlerCalls,
  outsideOfCalls,
} from '../../../../src/consumer/partition/handler-calls.js'

const open: HandlerCalls[] = []
afterEach(() => {
  for (const calls of open.splice(0)) calls.end()
})
const newCalls = () => {
  const calls = createHandlerCalls()
  open.push(calls)
  return calls
}

/** Calls a handler as a partition does: the call runs until what was returned has settled. */
async function handle(calls: HandlerCalls, handler: () => unknown): Promise<void> {
  const call = calls.begin()
  try {
    await calls.invoke(call, handler, undefined)
  } finally {
    call.running = false
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('code within a call', () => {
  it('is known, also behind an await and in what it does not await, until the handler has returned', async () => {
    const calls = newCalls()
    const seen: boolean[] = []
    const note = () => seen.push(calls.isWithin())
    let later: Promise<void> | undefined
    note()
    await handle(calls, async () => {
      note()
      await turn()
      note()
      later = turn()
        .then(turn)
        .then(() => void note())
    })
    await later
    note()
    expect(seen).toEqual([false, true, true, false, false])
  })

  it('is not within the calls of another run, nor are listeners', async () => {
    const [ours, others] = [newCalls(), newCalls()]
    await handle(ours, () => {
      expect(others.isWithin()).toBe(false)
      outsideOfCalls(() => expect(ours.isWithin()).toBe(false))
      expect(ours.isWithin()).toBe(true)
    })
    expect.assertions(3)
  })

  it('is within both where a handler has begun the run whose handler it is', async () => {
    const outer = newCalls()
    const seen: boolean[] = []
    let inner: HandlerCalls | undefined
    await handle(outer, async () => {
      inner = newCalls()
      await handle(inner, () => seen.push(outer.isWithin(), inner?.isWithin() ?? false))
    })
    if (inner) await handle(inner, () => seen.push(outer.isWithin()))
    expect(seen).toEqual([true, true, false])
  })

  it('is known in a run that goes on when another has ended, and in one that begins when all have', async () => {
    const [first, second] = [newCalls(), newCalls()]
    first.end()
    first.end()
    await handle(second, () => expect(second.isWithin()).toBe(true))
    second.end()
    const third = newCalls()
    await handle(third, () => expect(third.isWithin()).toBe(true))
    expect.assertions(2)
  })
})

import { expect, it } from 'vitest'
import { createFetchAllowance } from '../../../../src/consumer/partition/fetch-allowance.js'

/** Asks for bytes, and notes when they are granted. */
function ask(allowance: ReturnType<typeof createFetchAllowance>, bytes: number) {
  const asked = { granted: false, giveBack: () => {} }
  const work = allowance.take(bytes).then((giveBack) => {
    asked.granted = true
    asked.giveBack = giveBack
  })
  return Object.assign(asked, { work })
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

it('grants what fits, and the next when something is given back, in order', async () => {
  const allowance = createFetchAllowance(10)
  const [a, b, c, d] = [4, 4, 4, 1].map((bytes) => ask(allowance, bytes))
  await settled()
  expect([a, b, c, d].map((one) => one?.granted)).toEqual([true, true, false, false])
  a?.giveBack()
  a?.giveBack() // Counts once.
  await settled()
  expect([c, d].map((one) => one?.granted)).toEqual([true, true])
})

it('lets one through that is larger than all there is', async () => {
  const allowance = createFetchAllowance(10)
  const [large, small] = [ask(allowance, 100), ask(allowance, 1)]
  await settled()
  expect([large.granted, small.granted]).toEqual([true, false])
  large.giveBack()
  await settled()
  expect(small.granted).toBe(true)
})

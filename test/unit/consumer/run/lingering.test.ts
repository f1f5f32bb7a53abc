import { expect, it } from 'vitest'
import { createLingering } from '../../../../src/consumer/run/lingering.js'
import { createDeferred } from '../../../../src/util/deferred.js'

it('holds a partition until the handlers of all times it was given up have ended', async () => {
  const lingering = createLingering()
  const [first, second] = [createDeferred(), createDeferred()]
  const where = { topic: 't', partition: 0 }
  lingering.add(where, first.promise)
  lingering.add(where, second.promise)
  const order: string[] = []
  const gone = lingering.gone(where).then(() => order.push('gone'))
  second.resolve()
  await second.promise
  expect(lingering.list()).toEqual([where])
  order.push('first ends')
  first.resolve()
  await Promise.all([gone, lingering.allGone()])
  expect(order).toEqual(['first ends', 'gone'])
  expect(lingering.list()).toEqual([])
})

it('has nothing to wait for of a partition that is not there', async () => {
  await createLingering().gone({ topic: 't', partition: 0 })
})

import { expect, it } from 'vitest'
import { createSubscriptions } from '../../../src/consumer/subscriptions.js'
import { createDeferred } from '../../../src/util/deferred.js'

const names = (count: number) => Array.from({ length: count }, (_, index) => `topic-${index}`)

it('looks at sixteen topics at a time, and has all subscribed before', async () => {
  const asked: string[] = []
  const answered = createDeferred()
  const subscriptions = createSubscriptions({
    load: async (topic) => {
      asked.push(topic)
      await answered.promise
    },
    list: async () => [],
  })
  const adding = subscriptions.add({ topics: names(40), fromBeginning: true })
  expect([...subscriptions.topics.keys()]).toEqual(names(40))
  expect(asked).toEqual(names(16))
  answered.resolve()
  await adding
  expect(asked).toEqual(names(40))
})

it('rejects with the error of the first topic that fails, in the order given, and asks about no more', async () => {
  const asked: string[] = []
  const late = createDeferred()
  const subscriptions = createSubscriptions({
    async load(topic) {
      asked.push(topic)
      if (topic === 'topic-3') await late.promise
      if (topic === 'topic-3' || topic === 'topic-9') throw new Error(topic)
      await late.promise
    },
    list: async () => [],
  })
  const adding = expect(subscriptions.add({ topics: names(40), fromBeginning: true })).rejects.toThrow('topic-3')
  // The later one has failed by then.
  await new Promise(setImmediate)
  late.resolve()
  await adding
  expect(asked).toEqual(names(16))
})

import { expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { createOwnershipView } from '../../../src/group/ownership-view.js'

const topics = Array.from({ length: 300 }, (_, index) => `topic-${index}`)

/** A store that takes its time, and how many calls of it there were, all in all and at most at a time. */
function slowStore(answer: () => void = () => {}) {
  const calls = { all: 0, open: 0, most: 0 }
  const store = memoryCheckpointStore()
  const listOwnership: typeof store.listOwnership = async (...given) => {
    calls.all++
    calls.open++
    calls.most = Math.max(calls.most, calls.open)
    await new Promise((resolve) => setImmediate(resolve))
    calls.open--
    answer()
    return store.listOwnership(...given)
  }
  return { calls, store: { ...store, listOwnership } }
}

const viewOf = ({ store }: ReturnType<typeof slowStore>) =>
  createOwnershipView({ store, namespace: 'n', groupId: 'g', sessionTimeout: 30_000 })

it('asks a store about many topics a few at a time', async () => {
  const slow = slowStore()
  await viewOf(slow).read(topics, [])
  expect(slow.calls).toEqual({ all: 300, open: 0, most: 16 })
})

it('asks no more when the store has failed', async () => {
  const slow = slowStore(() => {
    throw new Error('out of order')
  })
  await expect(viewOf(slow).read(topics, [])).rejects.toThrow('out of order')
  expect(slow.calls).toEqual({ all: 16, open: 0, most: 16 })
})

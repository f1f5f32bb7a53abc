import { expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { countCalls } from '../../../src/client/counted-store.js'
import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'
import { createDeferred } from '../../../src/util/deferred.js'

const record = { fullyQualifiedNamespace: 'n', eventHubName: 't', consumerGroup: 'g', partitionId: '0' }

it('answers as the store does, and lacks what the store lacks', async () => {
  const { listGroups: _, ...memory } = memoryCheckpointStore()
  const { store } = countCalls(memory)
  await store.updateCheckpoint({ ...record, sequenceNumber: 1, offset: '1' })
  expect(await store.listCheckpoints('n', 't', 'g')).toEqual(await memory.listCheckpoints('n', 't', 'g'))
  expect(store.listGroups).toBeUndefined()
  expect(store.deleteGroup).toBeDefined()
  await store.deleteGroup?.('n', 'g')
  expect(await memory.listCheckpoints('n', 't', 'g')).toEqual([])
})

it('counts what is under way, what failed, and what took longest', async () => {
  const answer = createDeferred()
  class Store {
    readonly #records = []
    async listOwnership() {
      await answer.promise
      return this.#records
    }
    claimOwnership(): never {
      throw new Error('thrown before there is a promise')
    }
  }
  const { store, diagnostics } = countCalls(new Store() as unknown as CheckpointStore)
  const listing = store.listOwnership('n', 't', 'g')
  expect(diagnostics().calls).toEqual([
    { method: 'listOwnership', calls: 1, pending: 1, errors: 0, timeInMs: 0, slowestInMs: 0 },
  ])
  answer.resolve()
  expect(await listing).toEqual([])
  await expect(store.claimOwnership([])).rejects.toThrow('thrown before')
  expect(diagnostics()).toMatchObject({
    calls: [
      { method: 'listOwnership', calls: 1, pending: 0, errors: 0 },
      { method: 'claimOwnership', calls: 1, pending: 0, errors: 1 },
    ],
    lastError: { name: 'Error', type: null, message: 'thrown before there is a promise' },
  })
})

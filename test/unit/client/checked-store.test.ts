import { expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { checkAnswers } from '../../../src/client/checked-store.js'
import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'

const record = { fullyQualifiedNamespace: 'n', eventHubName: 't', consumerGroup: 'g', partitionId: '0' }

const answering = (answer: unknown) =>
  checkAnswers({
    listOwnership: async () => answer,
    claimOwnership: async () => answer,
    updateCheckpoint: async () => answer,
    listCheckpoints: async () => answer,
    listGroups: async () => answer,
  } as unknown as CheckpointStore)

it('passes on what the store answers, and lacks what the store lacks', async () => {
  const { listGroups: _, ...memory } = memoryCheckpointStore()
  const store = checkAnswers(memory)
  const [claimed] = await store.claimOwnership([{ ...record, ownerId: 'me' }])
  expect(claimed).toMatchObject({ ownerId: 'me', etag: expect.any(String) })
  expect(await store.listOwnership('n', 't', 'g')).toEqual([claimed])
  await store.updateCheckpoint({ ...record, sequenceNumber: 1, offset: '1' })
  expect(await store.listCheckpoints('n', 't', 'g')).toEqual(await memory.listCheckpoints('n', 't', 'g'))
  expect(store.listGroups).toBeUndefined()
  await store.deleteGroup?.('n', 'g')
  expect(await memory.listCheckpoints('n', 't', 'g')).toEqual([])
})

it.each([
  [undefined, 'undefined instead of a list'],
  [null, 'null instead of a list'],
  [{}, 'a value of type object instead of a list'],
  [[null], 'a list that holds null'],
  [[undefined], 'a list that holds undefined'],
  [['x'], 'a list that holds a value of type string'],
])('has failed, and may be tried again, where the store answered %o', async (answer, what) => {
  const store = answering(answer)
  const calls = {
    listOwnership: () => store.listOwnership('n', 't', 'g'),
    claimOwnership: () => store.claimOwnership([]),
    listCheckpoints: () => store.listCheckpoints('n', 't', 'g'),
    listGroups: () => store.listGroups?.('n'),
  }
  for (const [method, call] of Object.entries(calls)) {
    await expect(call()).rejects.toMatchObject({
      name: 'KafkaJSError',
      retriable: true,
      message: expect.stringContaining(`answered ${method} with ${what}`),
    })
  }
})

it('takes numbers for texts, and texts for numbers, as databases give them back', async () => {
  const owned = answering([{ ...record, partitionId: 0 }])
  expect(await owned.listOwnership('n', 't', 'g')).toEqual([{ ...record, partitionId: '0', ownerId: '' }])
  const committed = answering([
    { ...record, partitionId: 0, sequenceNumber: '41', offset: '7' },
    { ...record, partitionId: 1, sequenceNumber: 42n, offset: '8' },
    { ...record, partitionId: '2' },
  ])
  expect(await committed.listCheckpoints('n', 't', 'g')).toEqual([
    { ...record, partitionId: '0', sequenceNumber: 41, offset: '7' },
    { ...record, partitionId: '1', sequenceNumber: 42, offset: '8' },
    { ...record, partitionId: '2', sequenceNumber: Number.NaN },
  ])
})

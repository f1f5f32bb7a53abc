import { expect, it } from 'vitest'
import { checkpointStoreFromString } from '../../../src/checkpoint/from-string.js'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { describeCheckpointStore } from './contract.js'

const store = memoryCheckpointStore()
describeCheckpointStore('memory store', () => store)

const key = { fullyQualifiedNamespace: 'localhost:5672', eventHubName: 'orders', consumerGroup: 'memory-test' }

it('gives each memoryCheckpointStore() its own groups, and memory: the same to all', async () => {
  await checkpointStoreFromString('memory:').claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
  const listIn = (where: typeof store) =>
    where.listOwnership(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup)
  expect(await listIn(checkpointStoreFromString('memory:'))).toHaveLength(1)
  expect(await listIn(memoryCheckpointStore())).toEqual([])
})

it('hands out copies: changing one changes nothing in the store', async () => {
  const own = memoryCheckpointStore()
  const [claimed] = await own.claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
  claimed!.ownerId = 'changed'
  const [listed] = await own.listOwnership(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup)
  expect(listed?.ownerId).toBe('a')
  listed!.ownerId = 'changed'
  expect(await own.listOwnership(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup)).toMatchObject([
    { ownerId: 'a' },
  ])
})

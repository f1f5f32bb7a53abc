import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob'
import { ContainerClient } from '@azure/storage-blob'
import { afterAll, describe, expect, it } from 'vitest'
import { blobCheckpointStore } from '../../../src/checkpoint/blob/blob.js'
import type { CheckpointStore } from '../../../src/types/checkpoint-store.js'
import { startAzurite } from '../../support/azurite.js'
import { describeCheckpointStore } from './contract.js'

const azurite = await startAzurite()
afterAll(() => azurite[Symbol.asyncDispose]())

const container = new ContainerClient(azurite.connectionString, 'shared')
await container.createIfNotExists()

// Assigning it is a test too: what the SDK's users have fits without a cast.
const theirs: CheckpointStore = new BlobCheckpointStore(container)
const ours = blobCheckpointStore({ containerClient: container })

describeCheckpointStore("the SDK's blob store", () => theirs, {
  // It claims without a condition when it has no etag, and passes a group id on as it is.
  conditionalFirstClaim: false,
  oddNames: false,
  admin: false,
  validates: false,
})

describeCheckpointStore("the SDK's blob store beside ours", () => theirs, {
  second: () => ours,
  conditionalFirstClaim: false,
  oddNames: false,
  admin: false,
  validates: false,
})

describeCheckpointStore("our blob store beside the SDK's", () => ours, {
  second: () => theirs,
  conditionalFirstClaim: false,
  oddNames: false,
  admin: false,
  validates: false,
})

describe("a container shared with the SDK's processors", () => {
  const newKey = () => ({
    fullyQualifiedNamespace: `${randomUUID()}.servicebus.windows.net`,
    eventHubName: 'Orders-EU_1',
    consumerGroup: '$Default',
  })
  type Key = ReturnType<typeof newKey>
  const listOwnership = (store: CheckpointStore, { fullyQualifiedNamespace, eventHubName, consumerGroup }: Key) =>
    store.listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup)

  it('has the blobs where the SDK looks for them, with the metadata it reads', async () => {
    const key = newKey()
    await ours.claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
    await ours.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 41, offset: '4920' })
    const prefix = `${key.fullyQualifiedNamespace}/orders-eu_1/$default`
    const blob = async (name: string) => await container.getBlockBlobClient(`${prefix}/${name}`).getProperties()
    expect((await blob('ownership/0')).metadata).toMatchObject({ ownerid: 'a' })
    expect(await blob('checkpoint/0')).toMatchObject({
      contentLength: 0,
      metadata: { sequencenumber: '41', offset: '4920' },
    })
  })

  it('has nothing more than that in the metadata of names in lower case', async () => {
    const key = { ...newKey(), eventHubName: 'orders', consumerGroup: 'billing' }
    await ours.claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
    await ours.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 41, offset: '4920' })
    const metadata: unknown[] = []
    const listing = container.listBlobsFlat({ prefix: key.fullyQualifiedNamespace, includeMetadata: true })
    for await (const blob of listing) metadata.push(blob.metadata)
    expect(metadata).toEqual([{ sequencenumber: '41', offset: '4920' }, { ownerid: 'a' }])
  })

  it.each([
    ['ours', ours, theirs],
    ["the SDK's", theirs, ours],
  ])('a claim by %s invalidates the etag that the other holds', async (_, one, other) => {
    const key = newKey()
    const [first] = await one.claimOwnership([{ ...key, partitionId: '0', ownerId: 'one' }])
    const held = { ...first! }
    const [seen] = await listOwnership(other, key)
    const [stolen] = await other.claimOwnership([{ ...seen!, ownerId: 'other' }])
    expect(stolen).toMatchObject({ ownerId: 'other' })
    expect(await one.claimOwnership([{ ...held }])).toEqual([])
    const [now] = await listOwnership(one, key)
    expect(now).toMatchObject({ ownerId: 'other' })
    expect(await one.claimOwnership([{ ...now!, ownerId: 'one' }])).toMatchObject([{ ownerId: 'one' }])
    expect(await other.claimOwnership([{ ...stolen! }])).toEqual([])
  })

  it('lists the groups of both', async () => {
    const key = newKey()
    await theirs.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
    await ours.updateCheckpoint({ ...key, consumerGroup: 'Mine', partitionId: '0', sequenceNumber: 1, offset: '1' })
    const groups = await ours.listGroups!(key.fullyQualifiedNamespace)
    expect(groups.sort((a, b) => a.consumerGroup.localeCompare(b.consumerGroup))).toEqual([
      { consumerGroup: '$default', eventHubNames: ['orders-eu_1'] },
      { consumerGroup: 'Mine', eventHubNames: ['Orders-EU_1'] },
    ])
  })
})

describe("the SDK's store in memory", async () => {
  const sdk = dirname(createRequire(import.meta.url).resolve('@azure/event-hubs/package.json'))
  const file = pathToFileURL(join(sdk, 'dist/esm/inMemoryCheckpointStore.js')).href
  const { InMemoryCheckpointStore } = (await import(file)) as { InMemoryCheckpointStore: new () => CheckpointStore }

  // It keeps one processor's records and does not look at names, so it is asked about one group only.
  const key = { fullyQualifiedNamespace: 'ns', eventHubName: 'orders', consumerGroup: 'billing' }
  const args = ['ns', 'orders', 'billing'] as const

  it('claims, lists and checkpoints as the group protocol needs it', async () => {
    const store = new InMemoryCheckpointStore()
    const [first] = await store.claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
    expect(await store.claimOwnership([{ ...key, partitionId: '0', ownerId: 'b' }])).toEqual([])
    const [renewed] = await store.claimOwnership([{ ...first! }])
    expect(await store.claimOwnership([{ ...first!, ownerId: 'b' }])).toEqual([])
    expect(await store.listOwnership(...args)).toMatchObject([{ ownerId: 'a', etag: renewed!.etag }])
    await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
    expect(await store.listCheckpoints(...args)).toMatchObject([{ partitionId: '0', sequenceNumber: 1 }])
  })
})

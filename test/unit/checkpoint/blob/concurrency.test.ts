import { expect, it } from 'vitest'
import { blobCheckpointStore } from '../../../../src/checkpoint/blob/blob.js'
import type { CheckpointContainer } from '../../../../src/checkpoint/blob/container.js'

const NAMESPACE = 'ns.servicebus.windows.net'

/** A container of a program's own, whose requests last a turn each. */
function openCounting() {
  const requests = { now: 0, most: 0, all: 0 }
  const blobs = new Set<string>()
  const request = async () => {
    requests.now++
    requests.all++
    requests.most = Math.max(requests.most, requests.now)
    await new Promise((resolve) => setImmediate(resolve))
    requests.now--
    return { etag: '"1"', lastModified: new Date() }
  }
  const containerClient: CheckpointContainer = {
    containerName: 'counting',
    getBlockBlobClient: (name) => ({
      setMetadata: request,
      getProperties: request,
      upload() {
        blobs.add(name)
        return request()
      },
      deleteIfExists() {
        blobs.delete(name)
        return request()
      },
    }),
    async *listBlobsFlat({ prefix }) {
      for (const name of [...blobs]) if (name.startsWith(prefix)) yield { name, properties: {} }
    },
    createIfNotExists: request,
  }
  return { store: blobCheckpointStore({ containerClient }), requests, blobs }
}

const records = (consumerGroup: string) =>
  Array.from({ length: 100 }, (_, partition) => ({
    fullyQualifiedNamespace: NAMESPACE,
    eventHubName: 'orders',
    consumerGroup,
    partitionId: String(partition),
    ownerId: 'me',
  }))

it('claims a hundred leases with sixteen requests at a time', async () => {
  const { store, requests } = openCounting()
  expect(await store.claimOwnership(records('a'))).toHaveLength(100)
  expect(requests).toEqual({ now: 0, most: 16, all: 100 })
})

it('deletes the records of three groups side by side with sixteen requests at a time', async () => {
  const { store, requests, blobs } = openCounting()
  const groups = ['a', 'b', 'c']
  for (const group of groups) await store.claimOwnership(records(group))
  requests.most = 0
  await Promise.all(groups.map((group) => store.deleteGroup?.(NAMESPACE, group)))
  expect(blobs.size).toBe(0)
  expect(requests).toMatchObject({ now: 0, most: 16, all: 600 })
})

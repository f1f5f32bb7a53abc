import { afterAll, expect, it } from 'vitest'
import { blobCheckpointStore } from '../../../../src/checkpoint/blob/blob.js'
import { startAzurite } from '../../../support/azurite.js'
import { describeCheckpointStore } from '../contract.js'

const azurite = await startAzurite()
afterAll(() => azurite[Symbol.asyncDispose]())

const { connectionString } = azurite
const store = blobCheckpointStore({ connectionString, containerName: 'contract' })
const other = blobCheckpointStore({ containerUrl: azurite.containerUrl('contract') })
describeCheckpointStore('blob store', () => store, { second: () => other })

it('renews many leases at a time without a warning', async () => {
  const warnings: string[] = []
  const onWarning = ({ name }: Error) => warnings.push(name)
  process.on('warning', onWarning)
  const leases = Array.from({ length: 20 }, (_, partition) => ({
    fullyQualifiedNamespace: 'many.test',
    eventHubName: 'hub',
    consumerGroup: 'group',
    partitionId: String(partition),
    ownerId: 'owner',
  }))
  expect(await store.claimOwnership(leases, { abortSignal: new AbortController().signal })).toHaveLength(20)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
})

import { afterAll } from 'vitest'
import { blobCheckpointStore } from '../../../../src/checkpoint/blob/blob.js'
import { startAzurite } from '../../../support/azurite.js'
import { describeCheckpointStore } from '../contract.js'

const azurite = await startAzurite()
afterAll(() => azurite[Symbol.asyncDispose]())

const { connectionString } = azurite
const store = blobCheckpointStore({ connectionString, containerName: 'contract' })
const other = blobCheckpointStore({ containerUrl: azurite.containerUrl('contract') })
describeCheckpointStore('blob store', () => store, { second: () => other })

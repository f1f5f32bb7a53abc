import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import {
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type BlobCheckpointStoreOptions, blobCheckpointStore } from '../../../../src/checkpoint/blob/blob.js'
import { createBlobSession } from '../../../../src/checkpoint/blob/session.js'
import { checkpointStoreFromString } from '../../../../src/checkpoint/from-string.js'
import { startAzurite } from '../../../support/azurite.js'
import { startFaultyStorage } from '../../../support/faulty-storage.js'
import { scaled } from '../../../support/pace.js'

const azurite = await startAzurite()
const storage = await startFaultyStorage(azurite)
afterAll(async () => {
  await storage[Symbol.asyncDispose]()
  await azurite[Symbol.asyncDispose]()
})

const NAMESPACE = 'ns.servicebus.windows.net'
const key = { fullyQualifiedNamespace: NAMESPACE, eventHubName: 'orders', consumerGroup: 'billing' }
const args = [NAMESPACE, 'orders', 'billing'] as const
const first = { ...key, partitionId: '0', ownerId: 'a' }

const newContainer = async () => {
  const container = new ContainerClient(azurite.connectionString, randomUUID())
  await container.create()
  return container
}
const write = (container: ContainerClient, name: string, metadata: Record<string, string>, body = '') =>
  container.getBlockBlobClient(name).upload(body, body.length, { metadata })
const withLog = (options: BlobCheckpointStoreOptions) => {
  const warnings: string[] = []
  return { store: blobCheckpointStore({ ...options, logger: { warn: (text) => warnings.push(text) } }), warnings }
}

describe('blobs that are no records', () => {
  it('an ownership blob without owner is passed over with one warning, and can be claimed', async () => {
    const container = await newContainer()
    const { store, warnings } = withLog({ containerClient: container })
    const prefix = `${NAMESPACE}/orders/billing/ownership`
    await write(container, `${prefix}/0`, { something: 'else' })
    await write(container, `${prefix}/1`, { ownerid: 'b' })
    expect(await store.listOwnership(...args)).toMatchObject([{ partitionId: '1', ownerId: 'b' }])
    expect(await store.listOwnership(...args)).toHaveLength(1)
    expect(warnings).toEqual([expect.stringContaining(`${prefix}/0`)])

    const claims = await Promise.all(
      ['x', 'y', 'z'].map((ownerId) => store.claimOwnership([{ ...key, partitionId: '0', ownerId }])),
    )
    expect(claims.flat()).toHaveLength(1)
    const owners = (await store.listOwnership(...args)).map(({ ownerId }) => ownerId)
    expect(owners).toEqual([claims.flat()[0]?.ownerId, 'b'])
  })

  it('a checkpoint blob without position is passed over with one warning, and written over', async () => {
    const container = await newContainer()
    const { store, warnings } = withLog({ containerClient: container })
    const prefix = `${NAMESPACE}/orders/billing/checkpoint`
    await write(container, `${prefix}/0`, {})
    await write(container, `${prefix}/1`, { sequencenumber: 'x', offset: '' })
    await write(container, `${prefix}/2`, { sequencenumber: '7', offset: '840' })
    expect(await store.listCheckpoints(...args)).toMatchObject([{ partitionId: '2', sequenceNumber: 7 }])
    await store.listCheckpoints(...args)
    expect(warnings).toHaveLength(2)
    await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '120' })
    expect((await store.listCheckpoints(...args)).map(({ partitionId }) => partitionId)).toEqual(['0', '2'])
  })

  it('of any shape, the same in every run, fail no call', async () => {
    const container = await newContainer()
    const { store, warnings } = withLog({ containerClient: container })
    const values = fc.oneof(
      fc.constantFrom('', '-1', '1e3', '0x10', '9'.repeat(40), 'NaN', '@latest', 'null', '{}'),
      fc.string({ maxLength: 20 }).map((text) => encodeURIComponent(text)),
    )
    const metadata = fc.dictionary(fc.constantFrom('ownerid', 'sequencenumber', 'offset', 'eventhub'), values)
    const samples = fc.sample(metadata, { seed: 20_260_714, numRuns: 25 })
    await Promise.all(
      samples.flatMap((sample, index) =>
        ['ownership', 'checkpoint'].map((kind) =>
          write(container, `${NAMESPACE}/orders/billing/${kind}/odd-${index}`, sample, 'odd'.repeat(index)),
        ),
      ),
    )
    await write(container, `${NAMESPACE}/orders/billing/ownership/0`, { ownerid: 'b' })
    await write(container, `${NAMESPACE}/orders/billing/checkpoint/0`, { sequencenumber: '7', offset: '840' })
    for (let call = 0; call < 2; call++) {
      const owners = await store.listOwnership(...args)
      expect(owners).toContainEqual(expect.objectContaining({ partitionId: '0', ownerId: 'b' }))
      expect(owners.every(({ ownerId }) => typeof ownerId === 'string')).toBe(true)
      const checkpoints = await store.listCheckpoints(...args)
      expect(checkpoints).toContainEqual(expect.objectContaining({ partitionId: '0', sequenceNumber: 7 }))
      for (const { sequenceNumber } of checkpoints) {
        expect(Number.isNaN(sequenceNumber) || Number.isSafeInteger(sequenceNumber)).toBe(true)
      }
      // Each that is not listed is told of, once.
      expect(warnings).toHaveLength(2 * samples.length + 2 - owners.length - checkpoints.length)
    }
    expect(warnings.length).toBeGreaterThan(5)
  })

  it('a checkpoint of .NET may lack one of its two values', async () => {
    const container = await newContainer()
    const { store, warnings } = withLog({ containerClient: container })
    const prefix = `${NAMESPACE}/orders/billing/checkpoint`
    await write(container, `${prefix}/0`, { sequencenumber: '7', offset: '', clientidentifier: 'processor' })
    await write(container, `${prefix}/1`, { sequencenumber: '', offset: '840' })
    await write(container, `${prefix}/2`, { sequencenumber: '-9223372036854775808', offset: '960' })
    await write(container, `${prefix}/3`, { sequencenumber: '0' })
    expect(await store.listCheckpoints(...args)).toEqual([
      { ...key, partitionId: '0', sequenceNumber: 7, offset: '' },
      { ...key, partitionId: '1', sequenceNumber: Number.NaN, offset: '840' },
      { ...key, partitionId: '2', sequenceNumber: Number.NaN, offset: '960' },
      { ...key, partitionId: '3', sequenceNumber: 0, offset: '' },
    ])
    expect(warnings).toEqual([])
  })

  it('metadata keys count in any case', async () => {
    const container = await newContainer()
    const { store } = withLog({ containerClient: container })
    await write(container, `${NAMESPACE}/orders/billing/ownership/0`, { OwnerId: 'b' })
    await write(container, `${NAMESPACE}/orders/billing/checkpoint/0`, { SequenceNumber: '7', OFFSET: '840' })
    expect(await store.listOwnership(...args)).toMatchObject([{ ownerId: 'b' }])
    expect(await store.listCheckpoints(...args)).toMatchObject([{ sequenceNumber: 7, offset: '840' }])
  })

  it('leases of EventProcessorHost, folders and strangers are not looked at', async () => {
    const container = await newContainer()
    const { store, warnings } = withLog({ containerClient: container })
    await write(container, `${NAMESPACE}/orders/billing/0`, {}, '{"PartitionId":"0","Owner":"host","Offset":"10"}')
    await write(container, `${NAMESPACE}/orders/billing/ownership`, { hdi_isfolder: 'true' })
    await write(container, `${NAMESPACE}/orders/billing/ownership/0/deeper`, { ownerid: 'b' })
    await write(container, `${NAMESPACE}/readme.txt`, {}, 'hello')
    expect(await store.listOwnership(...args)).toEqual([])
    expect(await store.listCheckpoints(...args)).toEqual([])
    expect(await store.listGroups!(NAMESPACE)).toEqual([])
    expect(warnings).toEqual([])
    await store.deleteGroup!(NAMESPACE, 'billing')
    expect(await container.getBlockBlobClient(`${NAMESPACE}/orders/billing/0`).exists()).toBe(true)
  })
})

describe('the container', () => {
  it('is created by the first write, not by reading', async () => {
    const { connectionString } = azurite
    const containerName = randomUUID()
    const container = new ContainerClient(connectionString, containerName)
    const store = blobCheckpointStore({ connectionString, containerName })
    expect(await store.listOwnership(...args)).toEqual([])
    expect(await store.listCheckpoints(...args)).toEqual([])
    expect(await store.listGroups!(NAMESPACE)).toEqual([])
    await store.deleteGroup!(NAMESPACE, 'billing')
    await store.deleteCheckpoint!(...args, '0')
    expect(await container.exists()).toBe(false)
    const claims = await store.claimOwnership(['0', '1', '2'].map((partitionId) => ({ ...first, partitionId })))
    expect(claims).toHaveLength(3)
    expect(await store.listOwnership(...args)).toHaveLength(3)
  })

  it('is created by a checkpoint too, and again when it was removed meanwhile', async () => {
    const containerName = randomUUID()
    const container = new ContainerClient(azurite.connectionString, containerName)
    const store = checkpointStoreFromString(azurite.containerUrl(containerName))
    for (let i = 0; i < 2; i++) {
      await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
      expect(await store.listCheckpoints(...args)).toHaveLength(1)
      await container.delete()
      expect(await store.listCheckpoints(...args)).toEqual([])
    }
  })

  it('may be one that the credential can use but not create', async () => {
    const { containerName } = await newContainer()
    storage.fail({
      matches: ({ method, url }) => method === 'PUT' && url.includes(`${containerName}?restype=container`),
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      times: Number.POSITIVE_INFINITY,
    })
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    expect(await store.claimOwnership([first])).toHaveLength(1)
    expect(await store.listOwnership(...args)).toHaveLength(1)
  })

  it('that does not exist and may not be created is told of', async () => {
    const containerName = randomUUID()
    storage.fail({
      matches: ({ url }) => url.includes(`${containerName}?restype=container`),
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      times: Number.POSITIVE_INFINITY,
    })
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    await expect(store.claimOwnership([first])).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringMatching(
        new RegExp(`${containerName} does not exist, and the credential may not create it`),
      ),
    })
  })

  it('can be reached with a credential of either copy of the storage SDK', async () => {
    const { containerName } = await newContainer()
    const commonJs = createRequire(import.meta.url)('@azure/storage-blob') as typeof import('@azure/storage-blob')
    for (const { StorageSharedKeyCredential: Credential } of [commonJs, { StorageSharedKeyCredential }]) {
      const credential = new Credential(azurite.accountName, azurite.accountKey)
      const store = blobCheckpointStore({ containerUrl: azurite.containerUrl(containerName), credential })
      await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
    }
    const wrong = { accountName: 'a', computeHMACSHA256: () => '' }
    await expect(
      blobCheckpointStore({ containerUrl: azurite.containerUrl(containerName), credential: wrong }).listOwnership(
        ...args,
      ),
    ).rejects.toMatchObject({ name: 'KafkaJSNonRetriableError', message: expect.stringContaining('TokenCredential') })
  })

  it('can be reached with a SAS, which no message repeats', async () => {
    const { containerName } = await newContainer()
    const credential = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey)
    const sign = (permissions: string) => {
      const expiresOn = new Date(Date.now() + 3_600_000)
      const values = { containerName, permissions: ContainerSASPermissions.parse(permissions), expiresOn }
      return generateBlobSASQueryParameters(values, credential).toString()
    }
    const url = azurite.containerUrl(containerName)
    const store = checkpointStoreFromString(`${url}?${sign('racwdl')}`)
    expect(await store.claimOwnership([first])).toHaveLength(1)

    const sas = sign('r')
    const error: Error = await checkpointStoreFromString(`${url}?${sas}`)
      .listOwnership(...args)
      .then(
        () => expect.fail('it should reject'),
        (reason) => reason,
      )
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', retriable: false })
    expect(error.message).toMatch(/Storage Blob Data Contributor/)
    const signature = encodeURIComponent(new URLSearchParams(sas).get('sig') ?? '')
    expect(error.message).not.toContain(signature)
  })
})

describe('a claim is lost, not failed', () => {
  it.each([
    [412, 'ConditionNotMet'],
    [409, 'BlobAlreadyExists'],
    [409, ''],
    [404, 'BlobNotFound'],
  ])('by a %i %s', async (status, code) => {
    const { containerName } = await newContainer()
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    const [claimed] = await store.claimOwnership([first])
    storage.fail({
      matches: ({ method, url }) => method === 'PUT' && url.includes(containerName),
      status,
      code,
      times: 1,
    })
    expect(await store.claimOwnership([claimed!])).toEqual([])
    expect(await store.claimOwnership([claimed!])).toHaveLength(1)
  })

  it('when the record or the whole container has gone', async () => {
    const container = await newContainer()
    const store = blobCheckpointStore({ containerClient: container })
    const [claimed] = await store.claimOwnership([first])
    await store.deleteGroup!(NAMESPACE, 'billing')
    expect(await store.claimOwnership([claimed!])).toEqual([])
    await container.delete()
    expect(await store.claimOwnership([claimed!])).toEqual([])
  })

  it('but a container on its way out is an outage', async () => {
    const { containerName } = await newContainer()
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    const code = 'ContainerBeingDeleted'
    storage.fail({ matches: ({ url }) => url.includes(containerName), status: 409, code, times: 1 })
    await expect(store.claimOwnership([first])).rejects.toMatchObject({ name: 'KafkaJSError', retriable: true })
  })
})

describe('throttling and outages', () => {
  it('are waited out for a while', async () => {
    const { containerName } = await newContainer()
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    storage.fail({ matches: ({ url }) => url.includes(containerName), status: 503, code: 'ServerBusy', times: 2 })
    const [claimed] = await store.claimOwnership([first])
    expect(claimed).toBeDefined()
    storage.fail({ matches: ({ url }) => url.includes(containerName), status: 500, code: 'InternalError', times: 2 })
    await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
    storage.fail({ matches: ({ url }) => url.includes(containerName), status: 503, code: 'ServerBusy', times: 2 })
    expect(await store.listCheckpoints(...args)).toHaveLength(1)
  })

  it('fail one of many claims without taking the others with it', async () => {
    const { containerName } = await newContainer()
    const store = blobCheckpointStore({ connectionString: storage.connectionString, containerName })
    const owned = ['0', '1', '2'].map((partitionId) => ({ ...first, partitionId }))
    storage.fail({
      matches: ({ url }) => url.includes(`${containerName}/`) && url.includes('ownership/1'),
      status: 400,
      code: 'InvalidHeaderValue',
      times: 1,
    })
    await expect(store.claimOwnership(owned)).rejects.toMatchObject({ name: 'KafkaJSNonRetriableError' })
    expect((await store.listOwnership(...args)).map(({ partitionId }) => partitionId)).toEqual(['0', '2'])
  })

  it('of the whole account end a call in time, and the next one works when it is back', async () => {
    await using own = await startAzurite()
    const store = checkpointStoreFromString(own.containerUrl('outage'))
    const [claimed] = await store.claimOwnership([first])
    await own.stop()
    const begun = performance.now()
    await expect(store.claimOwnership([claimed!])).rejects.toMatchObject({ name: 'KafkaJSError', retriable: true })
    expect(performance.now() - begun).toBeLessThan(scaled(20_000))
    await own.start()
    expect(await store.claimOwnership([claimed!])).toHaveLength(1)
  })

  it('that answer nothing at all are given up on', async () => {
    await using own = await startAzurite()
    const { connectionString } = own
    await checkpointStoreFromString(own.containerUrl('silence')).claimOwnership([first])
    own.pause()
    try {
      const session = createBlobSession({ connectionString, containerName: 'silence' }, 300)
      const call = session.read((container, abortSignal) => {
        return container.getBlockBlobClient('x').getProperties({ abortSignal })
      }, undefined)
      await expect(call).rejects.toMatchObject({
        name: 'KafkaJSError',
        retriable: true,
        message: expect.stringContaining('did not answer within 300 ms'),
      })

      const store = blobCheckpointStore({ connectionString, containerName: 'silence' })
      const caller = new AbortController()
      const calls = [
        store.listOwnership(...args, { abortSignal: caller.signal }),
        store.claimOwnership([first], { abortSignal: caller.signal }),
        store.updateCheckpoint({ ...first, sequenceNumber: 1, offset: '1' }, { abortSignal: caller.signal }),
      ]
      setTimeout(() => caller.abort(), 100)
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } })
      }
    } finally {
      own.resume()
    }
  })
})

describe('what does not fit or fit together', () => {
  it('more metadata than a blob can carry', async () => {
    const store = blobCheckpointStore({ containerClient: await newContainer() })
    const claim = store.claimOwnership([{ ...first, consumerGroup: `G${'é'.repeat(255)}`, ownerId: 'x'.repeat(7000) }])
    await expect(claim).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('8192'),
    })
  })

  it('names that are too long together', async () => {
    const store = blobCheckpointStore({ containerClient: await newContainer() })
    const eventHubName = Array.from({ length: 8 }, () => 'é'.repeat(30)).join('/')
    await expect(store.claimOwnership([{ ...first, eventHubName }])).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('1024'),
    })
  })

  it('options that name no container', () => {
    const wrong = [
      {},
      { connectionString: 'x' },
      { containerName: 'x' },
      { containerUrl: 'x' },
      { containerClient: undefined },
    ]
    for (const options of wrong) {
      expect(() => blobCheckpointStore(options as unknown as BlobCheckpointStoreOptions)).toThrow(
        expect.objectContaining({ name: 'KafkaJSNonRetriableError' }),
      )
    }
  })

  it('a connection string that is none', async () => {
    const store = blobCheckpointStore({ connectionString: 'AccountKey=secretsecret', containerName: 'x' })
    const error: Error = await store.listOwnership(...args).then(
      () => expect.fail('it should reject'),
      (reason) => reason,
    )
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError' })
    expect(error.message).not.toContain('secretsecret')
  })
})

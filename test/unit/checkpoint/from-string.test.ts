import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkpointStoreFromString } from '../../../src/checkpoint/from-string.js'

const claim = {
  fullyQualifiedNamespace: 'ns',
  eventHubName: 'orders',
  consumerGroup: 'billing',
  partitionId: '0',
  ownerId: 'a',
}

describe('a checkpoint store by name', () => {
  it('file: takes a path or a file URL', async () => {
    const root = await mkdtemp(join(tmpdir(), 'from-string-'))
    try {
      await checkpointStoreFromString(`file:${join(root, 'a b%20c')}`).claimOwnership([claim])
      await checkpointStoreFromString(pathToFileURL(join(root, 'as url')).href).claimOwnership([claim])
      expect((await readdir(root)).sort()).toEqual(['a b%20c', 'as url'])
    } finally {
      await rm(root, { recursive: true })
    }
  })

  it.each([
    'https://account.blob.core.windows.net/container',
    'https://account.blob.core.windows.net/container/',
    'https://account.blob.core.chinacloudapi.cn/container?sv=1&sig=x',
    'https://storage.example.com/container',
    'http://127.0.0.1:10000/devstoreaccount1/container',
    'https://127.0.0.1:10000/devstoreaccount1/container',
    'http://azurite:10000/devstoreaccount1/container',
  ])('%s is a container', (text) => {
    expect(checkpointStoreFromString(text)).toMatchObject({ listGroups: expect.any(Function) })
  })

  it.each([
    '',
    'memory',
    'file:',
    'redis://localhost:6379',
    './offsets',
    'https://account.blob.core.windows.net',
    'https://account.blob.core.windows.net/',
    'https://account.blob.core.windows.net/container/folder',
    'http://account.blob.core.windows.net/container',
    'ftp://127.0.0.1:10000/devstoreaccount1/container',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=topsecret==;EndpointSuffix=core.windows.net',
    'http://account.blob.core.windows.net/container?sig=topsecret',
    undefined as unknown as string,
    5 as unknown as string,
  ])('%s is refused with the three forms', (text) => {
    let error: Error | undefined
    try {
      checkpointStoreFromString(text)
    } catch (thrown) {
      error = thrown as Error
    }
    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', retriable: false })
    for (const form of ['memory:', 'file:<directory>', 'https://<account>.blob.core.windows.net/<container>']) {
      expect(error?.message).toContain(form)
    }
    expect(error?.message).not.toContain('topsecret')
  })

  it("a container is reached with the clients' own credential, if that is good for storage", async () => {
    const asked: unknown[] = []
    const refusal = Object.assign(new Error('nobody is signed in.\nAsk an administrator.'), {
      name: 'CredentialUnavailableError',
    })
    const auth = {
      getCredential(target: unknown) {
        asked.push(target)
        return {
          async getToken(scopes: string | string[]) {
            asked.push(scopes)
            throw refusal
          },
        }
      },
    }
    const store = checkpointStoreFromString('https://account.blob.core.windows.net/container', { auth })
    expect(asked).toEqual([])
    await expect(store.claimOwnership([claim])).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('nobody is signed in. No credential was found'),
      cause: refusal,
    })
    expect(asked.flat()).toEqual([
      { fullyQualifiedNamespace: 'account.blob.core.windows.net' },
      'https://storage.azure.com/.default',
    ])
  })
})

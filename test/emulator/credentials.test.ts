import { createHmac } from 'node:crypto'
import { AzureNamedKeyCredential, AzureSASCredential } from '@azure/core-auth'
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type ReceivedEventData,
  type Subscription,
} from '@azure/event-hubs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import type { SharedAccessKey } from '../../src/emulator/options.js'
import { createCertificate } from '../support/certificate.js'
import { once } from './sdk.js'

/** Each kind of credential that the published SDK takes, against an emulator with TLS, as it is with the service. */

const certificate = createCertificate()
const keys: SharedAccessKey[] = [
  { name: 'all', key: 'all of it' },
  { name: 'send', key: 'only in', claims: ['Send'] },
  { name: 'listen', key: 'only out', claims: ['Listen'] },
]

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({
    tls: certificate,
    autoCreateEventHubs: false,
    eventHubs: [{ name: 'hub' }],
    sharedAccessKeys: keys,
  })
})
afterAll(() => emulator.close())

interface SignatureOptions {
  name?: string
  key?: string
  /** s from now */
  lifetime?: number
  path?: string
}

function signatureOf({ name = 'all', key = 'all of it', lifetime = 600, path = 'hub' }: SignatureOptions = {}): string {
  const resource = encodeURIComponent(`sb://localhost:${emulator.port}/${path}`)
  const expiry = Math.floor(Date.now() / 1000) + lifetime
  const signature = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64')
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${name}`
}

type Credential = string | AzureNamedKeyCredential | AzureSASCredential

const withSignature = (signature: string) =>
  `Endpoint=sb://localhost:${emulator.port};SharedAccessSignature=${signature}`

function open(credential: Credential) {
  const options = {
    ...once,
    customEndpointAddress: `sb://localhost:${emulator.port}`,
    webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca: certificate.cert } },
  }
  const producer =
    typeof credential === 'string'
      ? new EventHubProducerClient(credential, 'hub', options)
      : new EventHubProducerClient('localhost', 'hub', credential, options)
  const consumer =
    typeof credential === 'string'
      ? new EventHubConsumerClient('$Default', credential, 'hub', options)
      : new EventHubConsumerClient('$Default', 'localhost', 'hub', credential, options)
  return {
    send: (body: string) => producer.sendBatch([{ body }], { partitionId: '0' }),
    ids: () => producer.getPartitionIds(),
    /** What comes first, from the beginning. */
    receive: () =>
      new Promise<ReceivedEventData>((resolve, reject) => {
        const subscription: Subscription = consumer.subscribe(
          '0',
          {
            async processEvents([event]) {
              if (event) await subscription.close().then(() => resolve(event))
            },
            processError: async (error) => subscription.close().then(() => reject(error)),
          },
          { startPosition: { sequenceNumber: -1 } },
        )
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([producer.close(), consumer.close()])
    },
  }
}

const unauthorized = (text: string) => ({ code: 'UnauthorizedError', message: expect.stringContaining(text) })

describe('publishes, reads and asks', () => {
  test.each<[name: string, credential: () => Credential]>([
    ['a connection string with a key', () => emulator.connectionStringOf({ keyName: 'all' })],
    ['a connection string with a signature', () => withSignature(signatureOf())],
    ['a name and a key', () => new AzureNamedKeyCredential('all', 'all of it')],
    ['a signature', () => new AzureSASCredential(signatureOf())],
    ['a signature for the whole namespace', () => new AzureSASCredential(signatureOf({ path: '' }))],
  ])('%s', async (_, credential) => {
    await using client = open(credential())
    await client.send('a')
    expect((await client.receive()).body).toBe('a')
    expect(await client.ids()).toEqual(['0', '1', '2', '3'])
  })
})

describe('is refused, and says why', () => {
  test.each<[name: string, credential: () => Credential, text: string]>([
    ['a wrong key', () => new AzureNamedKeyCredential('all', 'another'), 'InvalidSignature'],
    ['an unknown name', () => new AzureNamedKeyCredential('nobody', 'all of it'), 'InvalidSignature'],
    ['a signature with a wrong key', () => new AzureSASCredential(signatureOf({ key: 'x' })), 'InvalidSignature'],
    ['a signature that is over', () => new AzureSASCredential(signatureOf({ lifetime: -60 })), 'ExpiredToken'],
    ['a signature for another event hub', () => new AzureSASCredential(signatureOf({ path: 'o' })), 'InvalidAudience'],
    [
      'a connection string whose signature is over',
      () => withSignature(signatureOf({ lifetime: -60 })),
      'ExpiredToken',
    ],
  ])('%s', async (_, credential, text) => {
    await using client = open(credential())
    await expect(client.send('a')).rejects.toMatchObject(unauthorized(text))
    await expect(client.receive()).rejects.toMatchObject(unauthorized(text))
    await expect(client.ids()).rejects.toMatchObject(unauthorized(text))
  })
})

test('a key for sending does not read, one for reading does not send', async () => {
  await using sender = open(new AzureNamedKeyCredential('send', 'only in'))
  await using reader = open(new AzureSASCredential(signatureOf({ name: 'listen', key: 'only out' })))
  await sender.send('a')
  await expect(reader.receive()).resolves.toBeDefined()
  await expect(sender.receive()).rejects.toMatchObject(unauthorized("'Listen' claim(s) are required"))
  await expect(reader.send('a')).rejects.toMatchObject(unauthorized("'Send' claim(s) are required"))
})

describe('after the keys were changed', () => {
  test.each<[name: string, create: () => { credential: Credential; update(): void }]>([
    [
      'a name and a key',
      () => {
        const credential = new AzureNamedKeyCredential('all', 'all of it')
        return { credential, update: () => credential.update('all', 'the next') }
      },
    ],
    [
      'a signature',
      () => {
        const credential = new AzureSASCredential(signatureOf())
        return { credential, update: () => credential.update(signatureOf({ key: 'the next' })) }
      },
    ],
  ])('%s holds again when it is brought up to date', async (_, create) => {
    const { credential, update } = create()
    await using client = open(credential)
    expect(await client.ids()).toHaveLength(4)
    emulator.setSharedAccessKeys([{ name: 'all', key: 'the next' }])
    try {
      await expect(client.ids()).rejects.toMatchObject(unauthorized('InvalidSignature'))
      await using another = open(credential)
      await expect(another.send('a')).rejects.toMatchObject(unauthorized('InvalidSignature'))
      update()
      expect(await client.ids()).toHaveLength(4)
      await another.send('a')
    } finally {
      emulator.setSharedAccessKeys(keys)
    }
  })
})

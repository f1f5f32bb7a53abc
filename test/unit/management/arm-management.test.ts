import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TokenCredential } from '@azure/core-auth'
import { describe, expect, it } from 'vitest'
import { kafkaSettings } from '../../../src/config/config.js'
import { KafkaJSRequestTimeoutError } from '../../../src/errors/index.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { ArmClient } from '../../../src/management/arm-client.js'
import type { ArmEventHub } from '../../../src/management/arm-event-hub.js'
import { createArmManagement } from '../../../src/management/arm-management.js'
import { createManagement } from '../../../src/management/from-settings.js'
import type { Management } from '../../../src/management/management.js'
import type { AuthProvider } from '../../../src/types/auth-provider.js'
import type { ManagementOptions } from '../../../src/types/index.js'
import { type ArmServer, SCOPE, startArmServer, TOKEN } from './arm-server.js'

const credentialOf = (token: string): TokenCredential => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
})

const { subscriptionId, resourceGroupName, namespaceName } = SCOPE

/** As `new Kafka()` would make it. */
async function managementOf(
  { endpoint, ca }: ArmServer,
  options: { [Name in keyof ManagementOptions]: ManagementOptions[Name] | undefined } = {},
  auth: AuthProvider = { getCredential: () => ({ name: 'key', key: 'c2VjcmV0' }) },
): Promise<Management> {
  const settings = kafkaSettings({
    brokers: [`${namespaceName}.servicebus.windows.net:9093`],
    ssl: { ca },
    retry: { initialRetryTime: 5, maxRetryTime: 20, retries: 2 },
    eventHubs: {
      transport: 'websockets',
      management: {
        subscriptionId,
        resourceGroupName,
        endpoint,
        credential: credentialOf(TOKEN),
        ...options,
      } as ManagementOptions,
    },
  })
  const management = await createManagement({
    namespace: { fullyQualifiedNamespace: `${namespaceName}.servicebus.windows.net`, isEmulator: false },
    auth,
    settings,
    logger: createLogger({ level: 0 }),
    timedOut: () => new KafkaJSRequestTimeoutError('late'),
  })
  return management as Management
}

describe('on a server that speaks the shapes of Resource Manager', () => {
  it('creates, gets, lists and deletes event hubs', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    expect(management.kind).toBe('arm')
    const created = await management.createEventHub('orders', { partitionCount: 2, retentionHours: 36 })
    expect(created).toEqual({
      name: 'orders',
      partitionCount: 2,
      partitionIds: ['0', '1'],
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      status: 'Active',
      retentionHours: 36,
      cleanupPolicy: 'delete',
    })
    expect(await management.getEventHub('orders')).toEqual(created)
    expect(await management.getEventHub('nothing')).toBeUndefined()
    for (const name of ['a', 'b', 'c', 'd']) await management.createEventHub(name, {})
    expect((await management.listEventHubs()).map(({ name }) => name)).toEqual(['orders', 'a', 'b', 'c', 'd'])
    await management.deleteEventHub('orders')
    expect(server.eventHub('orders')).toBeUndefined()
  })

  it('does not overwrite what is there, nor delete what is not', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    await management.createEventHub('orders', { partitionCount: 2 })
    await expect(management.createEventHub('orders', { partitionCount: 8 })).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'TOPIC_ALREADY_EXISTS',
      topic: 'orders',
    })
    expect(server.eventHub('orders')).toMatchObject({ partitionCount: 2 })
    const unknown = { type: 'UNKNOWN_TOPIC_OR_PARTITION' }
    await expect(management.deleteEventHub('nothing')).rejects.toMatchObject(unknown)
    await expect(management.updateEventHub('nothing', { partitionCount: 3 })).rejects.toMatchObject(unknown)
    await expect(management.listConsumerGroups('nothing')).rejects.toMatchObject(unknown)
  })

  it('changes what it is told to, and sends back all the rest', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    const captureDescription = { enabled: true, encoding: 'Avro', intervalInSeconds: 60 }
    server.put('orders', {
      partitionCount: 2,
      messageRetentionInDays: 7,
      retentionDescription: { cleanupPolicy: 'Compact', retentionTimeInHours: 168, tombstoneRetentionTimeInHours: 12 },
      userMetadata: 'of team A',
      captureDescription,
    })
    await management.updateEventHub('orders', { retentionHours: 48 })
    await management.updateEventHub('orders', { partitionCount: 4 })
    expect(server.eventHub('orders')).toMatchObject({
      partitionCount: 4,
      messageRetentionInDays: 2,
      retentionDescription: { cleanupPolicy: 'Compact', retentionTimeInHours: 48, tombstoneRetentionTimeInHours: 12 },
      userMetadata: 'of team A',
      captureDescription,
    })
    await expect(management.updateEventHub('orders', { partitionCount: 3 })).rejects.toMatchObject({
      type: 'INVALID_PARTITIONS',
      message: expect.stringContaining('cannot be decreased'),
    })
  })

  it('translates cleanup policies and retention', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    await management.createEventHub('both', {
      cleanupPolicy: 'compact,delete',
      tombstoneRetentionHours: 24,
      retentionHours: -1,
    })
    expect(server.eventHub('both')).toMatchObject({
      retentionDescription: {
        cleanupPolicy: 'DeleteOrCompact',
        tombstoneRetentionTimeInHours: 24,
        retentionTimeInHours: -1,
      },
    })
    expect(await management.getEventHub('both')).toMatchObject({
      cleanupPolicy: 'compact,delete',
      tombstoneRetentionHours: 24,
      retentionHours: -1,
    })
    server.put('compacted', {
      partitionCount: 1,
      retentionDescription: {
        cleanupPolicy: 'Compact',
        retentionTimeInHours: 2 ** 63,
      },
    })
    expect(await management.getEventHub('compacted')).toMatchObject({ cleanupPolicy: 'compact', retentionHours: -1 })
    server.put('old', { partitionCount: 1, messageRetentionInDays: 3 })
    expect(await management.getEventHub('old')).toMatchObject({ retentionHours: 72 })
  })

  it('creates consumer groups, again without an error', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    await management.createEventHub('orders', {})
    for (const group of ['billing', 'billing', 'shipping']) await management.createConsumerGroup('orders', group)
    expect(await management.listConsumerGroups('orders')).toEqual(['$Default', 'billing', 'shipping'])
  })

  it('refuses what this version of the package would drop without a word', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    for (const settings of [{ timestampType: 'CreateTime' }, { minCompactionLagMinutes: 5 }] as const) {
      await expect(management.createEventHub('orders', settings)).rejects.toMatchObject({
        type: 'INVALID_CONFIG',
        message: expect.stringContaining('@azure/arm-eventhub@6'),
      })
    }
    expect(server.requests).toEqual([])
  })
})

describe('failures', () => {
  it('waits as Retry-After says', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    const busy = { status: 429, code: 'TooManyRequests', message: 'Slow down.', headers: { 'Retry-After': '1' } }
    server.fail(busy)
    const begun = performance.now()
    expect(await management.listEventHubs()).toEqual([])
    expect(performance.now() - begun).toBeGreaterThan(950)
  })

  it.each([
    ['429 without Retry-After', { status: 429, code: 'TooManyRequests', message: 'Slow down.' }],
    [
      'another operation in progress',
      { status: 409, code: 'Conflict', message: 'SubCode=40901. Another conflicting operation is in progress.' },
    ],
  ])('tries again after %s', async (_name, passing) => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    server.fail(passing)
    expect(await management.listEventHubs()).toEqual([])
    expect(server.requests).toHaveLength(2)
  })

  it('gives up after the retries', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    const failing = { status: 503, code: 'ServiceUnavailable', message: 'Not now.' }
    server.fail(failing, failing, failing)
    await expect(management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      cause: { type: 'REQUEST_TIMED_OUT', message: expect.stringContaining('Not now.') },
    })
    expect(server.requests).toEqual(['failed', 'failed', 'failed'])
  })

  it.each([
    [
      403,
      'AuthorizationFailed',
      'The client does not have authorization to perform action.',
      'TOPIC_AUTHORIZATION_FAILED',
    ],
    [403, 'QuotaExceeded', 'The quota of event hubs is exceeded.', 'POLICY_VIOLATION'],
    [400, 'BadRequest', 'The value of PartitionCount is too high.', 'INVALID_PARTITIONS'],
    [409, 'Conflict', 'Another name is there.', 'TOPIC_ALREADY_EXISTS'],
  ])('maps %i %s (%s) to %s', async (status, code, message, type) => {
    await using server = await startArmServer()
    const management = await managementOf(server)
    server.fail({ status, code, message })
    await expect(management.getEventHub('orders')).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type,
      topic: 'orders',
      message: expect.stringContaining(message),
    })
  })

  it('tells a wrong token', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server, { credential: credentialOf('another') })
    await expect(management.listEventHubs()).rejects.toMatchObject({ type: 'CLUSTER_AUTHORIZATION_FAILED' })
  })

  it.each([
    ['at once', 0],
    ['after a while', 2],
  ])(
    'asks the credential for another token where the one it has is refused, and has the new one %s',
    async (_, stale) => {
      await using server = await startArmServer()
      let token = TOKEN
      let staleAnswers = 0
      let asked = 0
      const credential: TokenCredential = {
        async getToken() {
          asked++
          return { token: staleAnswers-- > 0 ? TOKEN : token, expiresOnTimestamp: Date.now() + 3_600_000 }
        },
      }
      const management = await managementOf(server, { credential })
      await management.createEventHub('orders', {})
      await management.listEventHubs()
      expect(asked).toBe(1)
      token = 'another'
      server.accept('another')
      staleAnswers = stale
      expect(await Promise.all([management.listEventHubs(), management.getEventHub('orders')])).toMatchObject([
        [{ name: 'orders' }],
        { name: 'orders' },
      ])
      expect(asked).toBe(2 + stale)
      await management.close()
    },
  )

  it('asks the provider of all clients for another credential too', async () => {
    await using server = await startArmServer()
    let token = TOKEN
    const auth: AuthProvider = { getCredential: () => credentialOf(token) }
    const management = await managementOf(server, { credential: undefined }, auth)
    await management.listEventHubs()
    token = 'another'
    server.accept('another')
    expect(await management.listEventHubs()).toEqual([])
    server.accept('none')
    await expect(management.listEventHubs()).rejects.toMatchObject({ type: 'CLUSTER_AUTHORIZATION_FAILED' })
    await management.close()
  })

  it('gives the credential the claims that the service asks for', async () => {
    await using server = await startArmServer()
    const asked: unknown[] = []
    const credential: TokenCredential = {
      async getToken(_scopes, options) {
        asked.push(options?.claims)
        return { token: options?.claims ? TOKEN : 'without', expiresOnTimestamp: Date.now() + 3_600_000 }
      },
    }
    const management = await managementOf(server, { credential })
    const claims = Buffer.from('{"access_token":{}}').toString('base64')
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${claims}"`
    server.fail({ status: 401, code: 'X', message: 'More.', headers: { 'www-authenticate': challenge } })
    expect(await management.listEventHubs()).toEqual([])
    expect(asked).toEqual([undefined, '{"access_token":{}}'])
    await management.close()
  })

  it('tells a wrong resource group from an event hub that is not there', async () => {
    await using server = await startArmServer()
    const management = await managementOf(server, { resourceGroupName: 'another' })
    await expect(management.getEventHub('orders')).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringMatching(
        /no namespace "my-namespace" in resource group "another"; check eventHubs\.management/,
      ),
    })
  })
})

describe('settings', () => {
  it.each([
    [{ kind: 'arm' }, /lacks subscriptionId/],
    [{ subscriptionId }, /lacks resourceGroupName/],
    [{ subscriptionId, resourceGroupName }, /needs a credential: .*DefaultAzureCredential/],
  ] as const)('%o is not enough', async (management, message) => {
    const settings = kafkaSettings({ brokers: ['my-namespace.servicebus.windows.net:9093'], eventHubs: { management } })
    const creating = createManagement({
      namespace: { fullyQualifiedNamespace: 'my-namespace.servicebus.windows.net', isEmulator: false },
      auth: { getCredential: () => ({ name: 'key', key: 'c2VjcmV0' }) },
      settings,
      logger: createLogger({ level: 0 }),
      timedOut: () => new KafkaJSRequestTimeoutError('late'),
    })
    await expect(creating).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringMatching(message),
    })
  })

  it('names the package to install when it is not there', async () => {
    const source = new URL('../../../src/management/arm-client.ts', import.meta.url).href
    const hook = `export const resolve = (name, context, next) => {
      if (name !== '@azure/arm-eventhub') return next(name, context)
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    const script = `
      import { register } from 'node:module'
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})
      const { openArmClient } = await import('${source}')
      const error = await openArmClient({}).catch((thrown) => thrown)
      console.log(JSON.stringify({ name: error.name, message: error.message }))`
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    expect(JSON.parse(stdout)).toEqual({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringMatching(/npm install @azure\/arm-eventhub$/),
    })
  })
})

describe('version 6 of the package', () => {
  it('is told timestamp types and compaction lags', async () => {
    const written: ArmEventHub[] = []
    const missing = Object.assign(new Error('Not found'), { name: 'RestError', statusCode: 404, code: 'NotFound' })
    const client: ArmClient = {
      eventHubs: {
        get: async () => Promise.reject(missing),
        async createOrUpdate(_group, _namespace, _name, parameters) {
          written.push(parameters)
          return parameters
        },
        delete: async () => undefined,
        async *listByNamespace() {},
      },
      consumerGroups: { createOrUpdate: async () => undefined, async *listByEventHub() {} },
    }
    const management = createArmManagement({
      client: { client, retries: 0, hasTimestamps: true, close: () => undefined },
      resourceGroupName,
      namespaceName,
    })
    const created = await management.createEventHub('orders', {
      timestampType: 'CreateTime',
      cleanupPolicy: 'compact',
      minCompactionLagMinutes: 5,
    })
    expect(written).toEqual([
      {
        retentionDescription: { cleanupPolicy: 'Compact', minCompactionLagTimeInMinutes: 5 },
        messageTimestampDescription: { timestampType: 'Create' },
      },
    ])
    expect(created).toMatchObject({ timestampType: 'CreateTime', cleanupPolicy: 'compact', minCompactionLagMinutes: 5 })
  })
})

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CredentialSource } from '../../../src/auth/credential-source.js'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../../src/emulator/index.js'
import { KafkaJSRequestTimeoutError } from '../../../src/errors/index.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { MOST_ANSWER_BYTES } from '../../../src/management/answer-limit.js'
import type { Management } from '../../../src/management/management.js'
import { createNamespaceHttp } from '../../../src/management/namespace-http.js'
import { createNamespaceManagement } from '../../../src/management/namespace-management.js'
import type { AuthProvider } from '../../../src/types/auth-provider.js'
import { logLevel } from '../../../src/types/enums.js'

const retry = { initialRetryTime: 5, factor: 0, multiplier: 2, maxRetryTime: 20, retries: 2 }

const managementOf = (endpoint: string, auth: AuthProvider, { requestTimeout = 5000 } = {}): Management =>
  createNamespaceManagement(
    createNamespaceHttp({
      fullyQualifiedNamespace: 'localhost',
      endpoint,
      credentials: new CredentialSource({
        provider: auth,
        fullyQualifiedNamespace: 'localhost',
        reauthenticationThreshold: 10_000,
        timeout: 1000,
        retry,
        logger: createLogger({ level: logLevel.NOTHING }),
        onReplaced: () => undefined,
      }),
      retry,
      deadline: {
        requestTimeout,
        timedOut: (apiName) => new KafkaJSRequestTimeoutError(`Request ${apiName} timed out`),
      },
    }),
  )

const keyOf = (emulator: Emulator): AuthProvider => ({
  getCredential: () => ({ connectionString: emulator.connectionString }),
})

async function managed(options: EmulatorOptions = {}) {
  const emulator = await startEmulator(options)
  return {
    emulator,
    management: managementOf(`http://127.0.0.1:${emulator.port}`, keyOf(emulator)),
    [Symbol.asyncDispose]: () => emulator.close(),
  }
}

describe('on the emulator', () => {
  it('creates, gets, changes, lists and deletes event hubs', async () => {
    await using it = await managed()
    const { management, emulator } = it
    const before = Date.now()
    const created = await management.createEventHub('orders', { partitionCount: 3, retentionHours: 48 })
    expect(created).toEqual({
      name: 'orders',
      partitionCount: 3,
      partitionIds: ['0', '1', '2'],
      createdAt: expect.any(Date),
      status: 'Active',
      retentionHours: 48,
    })
    expect(created.createdAt?.getTime()).toBeGreaterThanOrEqual(before - 1)
    expect(await management.getEventHub('orders')).toEqual(created)
    expect(await management.getEventHub('nothing')).toBeUndefined()

    await management.updateEventHub('orders', { retentionHours: 72 })
    await management.updateEventHub('orders', { partitionCount: 5 })
    expect(await management.getEventHub('orders')).toMatchObject({ partitionCount: 5, retentionHours: 72 })
    expect(await management.listEventHubs()).toMatchObject([{ name: 'orders', partitionCount: 5 }])

    await management.deleteEventHub('orders')
    expect(emulator.eventHubs.list()).toEqual([])
  })

  it('lists all pages', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `hub-${String(index).padStart(3, '0')}`)
    await using it = await managed({ eventHubs: names.map((name) => ({ name, partitionCount: 1 })) })
    expect((await it.management.listEventHubs()).map(({ name }) => name)).toEqual(names)
  })

  it('creates consumer groups, again without an error', async () => {
    await using it = await managed({ eventHubs: [{ name: 'orders' }] })
    await it.management.createConsumerGroup('orders', 'billing')
    await it.management.createConsumerGroup('orders', 'billing')
    expect(await it.management.listConsumerGroups('orders')).toEqual(['$Default', 'billing'])
    await expect(it.management.createConsumerGroup('nothing', 'billing')).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
      topic: 'nothing',
    })
  })

  it("answers in Kafka's errors", async () => {
    await using it = await managed({ eventHubs: [{ name: 'orders' }] })
    const { management } = it
    await expect(management.createEventHub('orders', {})).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'TOPIC_ALREADY_EXISTS',
      code: 36,
      retriable: false,
      topic: 'orders',
      message: expect.stringMatching(
        /^Topic with this name already exists: Create the event hub "orders": it exists already, .*HTTP 409: SubCode=40900/,
      ),
    })
    await expect(management.deleteEventHub('nothing')).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' })
    await expect(management.updateEventHub('nothing', { retentionHours: 24 })).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    await expect(management.updateEventHub('orders', { partitionCount: 1 })).rejects.toMatchObject({
      type: 'INVALID_PARTITIONS',
    })
    await expect(management.createEventHub('no/-', {})).rejects.toMatchObject({ type: 'INVALID_TOPIC_EXCEPTION' })
  })

  it.each([
    ['half days', { retentionHours: 36 }, /whole days.*subscriptionId/],
    ['endless retention', { retentionHours: -1 }, /whole days/],
    ['compaction', { cleanupPolicy: 'compact' }, /cleanup\.policy.*subscriptionId/],
    ['tombstones', { tombstoneRetentionHours: 1 }, /delete\.retention\.ms/],
    ['compaction lag', { minCompactionLagMinutes: 1 }, /min\.compaction\.lag\.ms/],
    ['creation time', { timestampType: 'CreateTime' }, /message\.timestamp\.type/],
  ] as const)('refuses %s before anything is sent', async (_, settings, message) => {
    await using it = await managed()
    const refusal = { type: 'INVALID_CONFIG', message: expect.stringMatching(message) }
    await expect(it.management.createEventHub('orders', settings)).rejects.toMatchObject(refusal)
    await expect(it.management.updateEventHub('orders', settings)).rejects.toMatchObject(refusal)
    expect(it.emulator.eventHubs.list()).toEqual([])
  })

  it('signs with what the provider has at the time', async () => {
    await using emulator = await startEmulator({ sharedAccessKeys: [{ name: 'manager', key: 'first' }] })
    let key = 'wrong'
    const auth: AuthProvider = { getCredential: () => ({ name: 'manager', key }) }
    const management = managementOf(`http://127.0.0.1:${emulator.port}`, auth)
    await expect(management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/check the key.*HTTP 401: InvalidSignature/),
    })
    key = 'first'
    expect(await management.listEventHubs()).toEqual([])
  })

  it('asks for the credential once, and again when it is refused', async () => {
    let given = 0
    await using it = await scripted(answer(200, emptyFeed), answer(200, emptyFeed), error(401, 'MalformedToken: no'))
    const management = managementOf(it.endpoint, {
      getCredential: () => {
        given++
        return { name: 'n', key: 'aw==' }
      },
    })
    await management.listEventHubs()
    await management.listEventHubs()
    expect(given).toBe(1)
    await expect(management.listEventHubs()).rejects.toThrow('401')
    await expect(management.listEventHubs()).rejects.toThrow('401')
    expect(given).toBe(2)
  })

  it.each([
    ['fails', () => Promise.reject(new Error('vault sealed')), 'vault sealed'],
    ['never answers', () => new Promise<never>(() => {}), 'no answer within 1000 ms'],
    ['gives nothing', () => Promise.resolve(undefined as never), 'getCredential() must give'],
  ])('rejects in time when the provider %s', async (_name, getCredential, message) => {
    const management = managementOf('http://127.0.0.1:1', { getCredential })
    await expect(management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringContaining(message),
    })
  })

  it('puts no secret into errors', async () => {
    await using emulator = await startEmulator()
    const connectionString = emulator.connectionString.replace('SAS_KEY_VALUE', 'my-secret-key')
    const management = managementOf(`http://127.0.0.1:${emulator.port}`, {
      getCredential: () => ({ connectionString }),
    })
    const error = await management.listEventHubs().catch((thrown: unknown) => thrown)
    expect(everything(error)).not.toMatch(/my-secret-key|sig=/)
    await emulator.close()
    const noConnection = await management.listEventHubs().catch((thrown: unknown) => thrown)
    expect(everything(noConnection)).toMatch(/ECONNREFUSED/)
    expect(everything(noConnection)).not.toMatch(/my-secret-key|sig=/)
  })
})

/** All that an error holds, also where it is not shown. */
const everything = (error: unknown) => inspect(error, { depth: 20, showHidden: true, customInspect: false })

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server that answers as scripted, the last way again and again. */
async function scripted(...answers: Answer[]) {
  const requests: { method: string; url: string; body: string; at: number }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push({ method: request.method ?? '', url: request.url ?? '', body, at: performance.now() })
    answer?.(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    requests,
    endpoint,
    management: managementOf(endpoint, { getCredential: () => ({ name: 'key', key: 'c2VjcmV0' }) }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(body)
  }

const error = (status: number, detail: string) =>
  answer(status, `<Error><Code>${status}</Code><Detail>${detail}</Detail></Error>`)

const emptyFeed = '<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Publicly Listed Services</title></feed>'

const described = (properties: string) =>
  `<entry xmlns="http://www.w3.org/2005/Atom"><title type="text">orders</title><content type="application/xml"><EventHubDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">${properties}</EventHubDescription></content></entry>`

describe('when the service is busy or fails', () => {
  it.each([429, 503])('waits as Retry-After says after %i', async (status) => {
    await using it = await scripted(answer(status, '', { 'Retry-After': '1' }), answer(200, emptyFeed))
    expect(await it.management.listEventHubs()).toEqual([])
    const [first, second] = it.requests
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950)
  })

  it('tries again after 429 without Retry-After', async () => {
    await using it = await scripted(error(429, 'Slow down.'), answer(200, emptyFeed))
    expect(await it.management.listEventHubs()).toEqual([])
    expect(it.requests).toHaveLength(2)
  })

  it('says so when another operation does not end', async () => {
    await using it = await scripted(error(409, 'SubCode=40901. Another conflicting operation is in progress.'))
    await expect(it.management.createEventHub('orders', {})).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: expect.stringContaining('another operation on it is in progress'),
    })
    expect(it.requests).toHaveLength(3)
  })

  it('gives up after the retries, with the last answer as the cause', async () => {
    await using it = await scripted(error(503, 'The service is busy.'))
    await expect(it.management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retriable: false,
      retryCount: 2,
      cause: {
        name: 'KafkaJSProtocolError',
        type: 'REQUEST_TIMED_OUT',
        retriable: true,
        message: expect.stringContaining('HTTP 503: The service is busy.'),
      },
    })
    expect(it.requests).toHaveLength(3)
  })

  it('waits for another operation on the event hub to end', async () => {
    await using it = await scripted(
      error(409, 'SubCode=40901. Another conflicting operation is in progress.'),
      answer(201, described('<PartitionCount>4</PartitionCount>')),
    )
    expect(await it.management.createEventHub('orders', {})).toMatchObject({ partitionCount: 4 })
  })

  it('says that there is no connection', async () => {
    let endpoint: string
    {
      await using it = await scripted(answer(200))
      endpoint = it.endpoint
    }
    const management = managementOf(endpoint, { getCredential: () => ({ name: 'key', key: 'c2VjcmV0' }) })
    await expect(management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: { name: 'KafkaJSConnectionError', code: 'ECONNREFUSED' },
    })
  })

  it('ends what runs when it is closed', async () => {
    await using it = await scripted(() => undefined)
    const listing = it.management.listEventHubs()
    const rejected = expect(listing).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await expect.poll(() => it.requests.length).toBe(1)
    await it.management.close()
    await rejected
  })

  it.each([
    [401, 'MalformedToken: no', 'TOPIC_AUTHORIZATION_FAILED'],
    [403, 'no role', 'TOPIC_AUTHORIZATION_FAILED'],
    [403, 'The quota of event hubs is exceeded', 'POLICY_VIOLATION'],
    [400, 'PartitionCount must be at most 32', 'INVALID_PARTITIONS'],
    [400, 'MessageRetentionInDays must be at most 7', 'INVALID_CONFIG'],
    [400, 'The name is too long', 'INVALID_TOPIC_EXCEPTION'],
    [400, 'What?', 'INVALID_REQUEST'],
    [409, 'SubCode=40900. Conflict.', 'TOPIC_ALREADY_EXISTS'],
    [418, '', 'INVALID_REQUEST'],
  ])('maps %i (%s) to %s, once', async (status, detail, type) => {
    await using it = await scripted(error(status, detail))
    await expect(it.management.createEventHub('orders', {})).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type,
      retriable: false,
      topic: 'orders',
    })
    expect(it.requests).toHaveLength(1)
  })

  it.each([
    ['nothing', ''],
    ['HTML of a proxy', '<html><body>Sign in</body></html>'],
    ['half of an answer', '<feed xmlns="http://www.w3.org/2005/Atom"><title>'],
  ])('rejects %s as an answer', async (_, body) => {
    await using it = await scripted(answer(200, body))
    await expect(it.management.listEventHubs()).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
  })
})

describe('as the service has been seen', () => {
  it('reads no more of an answer than its limit', async () => {
    let written = 0
    await using it = await scripted((_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536
      }
      response.on('drain', more)
      more()
    })
    await expect(it.management.listEventHubs()).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining(`longer than ${MOST_ANSWER_BYTES} bytes`),
    })
    expect(written).toBeLessThan(4 * MOST_ANSWER_BYTES)
    expect(it.requests).toHaveLength(1)
  })

  it('takes an empty feed for an event hub that is not there', async () => {
    await using it = await scripted(answer(200, emptyFeed))
    expect(await it.management.getEventHub('orders')).toBeUndefined()
  })

  it('ends when paging is ignored', async () => {
    const entries = Array.from({ length: 120 }, (_, index) =>
      described('<PartitionCount>1</PartitionCount>').replace('>orders<', `>hub-${index}<`),
    )
    await using it = await scripted(answer(200, `<feed xmlns="http://www.w3.org/2005/Atom">${entries.join('')}</feed>`))
    expect(await it.management.listEventHubs()).toHaveLength(120)
    expect(it.requests.map(({ url }) => url)).toEqual([
      '/$Resources/EventHubs?$skip=0&$top=100&timeout=60&api-version=2017-04',
      '/$Resources/EventHubs?$skip=100&$top=100&timeout=60&api-version=2017-04',
    ])
  })

  it('sends back all that an update must not lose, in the order of the service', async () => {
    const current = described(`
      <SizeInBytes>0</SizeInBytes>
      <MessageRetentionInDays>1</MessageRetentionInDays>
      <AuthorizationRules>
        <AuthorizationRule i:type="SharedAccessAuthorizationRule">
          <ClaimType>SharedAccessKey</ClaimType>
          <Rights><AccessRights>Send</AccessRights><AccessRights>Listen</AccessRights></Rights>
          <KeyName>send</KeyName>
        </AuthorizationRule>
      </AuthorizationRules>
      <Status>Active</Status>
      <UserMetadata>a &lt; b</UserMetadata>
      <PartitionCount>2</PartitionCount>
      <EntityAvailabilityStatus>Available</EntityAvailabilityStatus>`)
    await using it = await scripted(answer(200, current))
    await it.management.updateEventHub('orders', { retentionHours: 168 })
    const sent = it.requests.at(-1)
    expect(sent?.method).toBe('PUT')
    const elements = [...(sent?.body ?? '').matchAll(/<(\w+)[ >/]/g)].map(([, name]) => name)
    expect(elements).toEqual([
      'entry',
      'content',
      'EventHubDescription',
      'MessageRetentionInDays',
      'AuthorizationRules',
      'AuthorizationRule',
      'ClaimType',
      'Rights',
      'AccessRights',
      'AccessRights',
      'KeyName',
      'Status',
      'UserMetadata',
      'PartitionCount',
    ])
    expect(sent?.body).toContain('<MessageRetentionInDays>7</MessageRetentionInDays>')
    expect(sent?.body).toContain('<UserMetadata>a &lt; b</UserMetadata>')
    expect(sent?.body).toContain('i:type="SharedAccessAuthorizationRule"')
  })

  it('reads times without a zone as UTC, and counts partitions that are not listed', async () => {
    await using it = await scripted(
      answer(200, described('<CreatedAt>2014-06-25T22:51:47.8656642</CreatedAt><PartitionCount>2</PartitionCount>')),
    )
    expect(await it.management.getEventHub('orders')).toEqual({
      name: 'orders',
      partitionCount: 2,
      partitionIds: ['0', '1'],
      createdAt: new Date('2014-06-25T22:51:47.865Z'),
    })
  })
})

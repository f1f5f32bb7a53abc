import { createHmac } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'

const KEY = { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' }

function sas(resource: string, { name, key } = KEY, expiresIn = 600): string {
  const sr = encodeURIComponent(resource)
  const se = Math.floor(Date.now() / 1000) + expiresIn
  const sig = encodeURIComponent(createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64'))
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=${name}`
}

const entry = (description: string) =>
  `<entry xmlns='http://www.w3.org/2005/Atom'><content type='application/xml'>${description}</content></entry>`

const eventHub = (properties = '') =>
  entry(
    `<EventHubDescription xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">${properties}</EventHubDescription>`,
  )

const consumerGroup = (properties = '') =>
  entry(
    `<ConsumerGroupDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">${properties}</ConsumerGroupDescription>`,
  )

interface Call {
  method?: string
  body?: string
  authorization?: string | undefined
  headers?: Record<string, string>
}

async function call(emulator: Emulator, path: string, options: Call = {}) {
  const { method = 'GET', body, headers } = options
  const authorization = 'authorization' in options ? options.authorization : sas(`sb://localhost:${emulator.port}/`)
  const response = await fetch(`http://127.0.0.1:${emulator.port}${path}`, {
    method,
    headers: { ...(authorization !== undefined && { authorization }), ...headers },
    ...(body !== undefined && { body }),
  })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

const titles = (feed: string) =>
  [...feed.matchAll(/<entry[^>]*>.*?<title type="text">(.*?)<\/title>/gs)].map(([, title]) => title)

describe('event hubs', () => {
  it('creates one with the defaults of the service', async () => {
    await using emulator = await startEmulator({ autoCreateEventHubs: false })
    const created = await call(emulator, '/orders?timeout=60&api-version=2014-01', { method: 'PUT', body: eventHub() })
    expect(created.status).toBe(201)
    expect(created.type).toBe('application/atom+xml;type=entry;charset=utf-8')
    expect(created.text).toContain('<title type="text">orders</title>')
    expect(created.text).toContain('<PartitionCount>16</PartitionCount>')
    expect(created.text).toContain('<Status>Active</Status>')
    expect(emulator.eventHubs.get('orders')?.partitionCount).toBe(16)
  })

  it('creates one as told', async () => {
    await using emulator = await startEmulator()
    const body = eventHub('<MessageRetentionInDays>3</MessageRetentionInDays><PartitionCount>2</PartitionCount>')
    const { status, text } = await call(emulator, '/orders', { method: 'PUT', body })
    expect(status).toBe(201)
    expect(text).toContain(
      '<PartitionIds xmlns:d2p1="http://schemas.microsoft.com/2003/10/Serialization/Arrays"><d2p1:string>0</d2p1:string><d2p1:string>1</d2p1:string></PartitionIds>',
    )
    expect(emulator.eventHubs.get('orders')?.retention.hours).toBe(72)
  })

  it('does not heed what is out of order, like the service', async () => {
    await using emulator = await startEmulator()
    const body = eventHub('<PartitionCount>2</PartitionCount><MessageRetentionInDays>3</MessageRetentionInDays>')
    await call(emulator, '/orders', { method: 'PUT', body })
    const { partitionCount, retention } = emulator.eventHubs.get('orders') ?? {}
    expect({ partitionCount, hours: retention?.hours }).toEqual({ partitionCount: 2, hours: 24 })
  })

  it('refuses a second of the same name, and changes the first with If-Match', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
    const again = await call(emulator, '/Orders', { method: 'PUT', body: eventHub() })
    expect(again.status).toBe(409)
    expect(again.type).toBe('application/xml; charset=utf-8')
    expect(again.text).toMatch(/<Error><Code>409<\/Code><Detail>SubCode=40900\. Conflict\./)

    const body = eventHub('<MessageRetentionInDays>7</MessageRetentionInDays><PartitionCount>5</PartitionCount>')
    const updated = await call(emulator, '/orders', { method: 'PUT', body, headers: { 'If-Match': '*' } })
    expect(updated.status).toBe(200)
    const { partitionCount, retention } = emulator.eventHubs.get('orders') ?? {}
    expect({ partitionCount, hours: retention?.hours }).toEqual({ partitionCount: 5, hours: 168 })

    const fewer = eventHub('<PartitionCount>4</PartitionCount>')
    const refused = await call(emulator, '/orders', { method: 'PUT', body: fewer, headers: { 'If-Match': '*' } })
    expect(refused.status).toBe(400)
  })

  it('gets and deletes', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders' }] })
    expect((await call(emulator, '/orders')).text).toContain('<PartitionCount>4</PartitionCount>')
    expect((await call(emulator, '/orders', { method: 'DELETE' })).status).toBe(200)
    expect((await call(emulator, '/orders')).status).toBe(404)
    const missing = await call(emulator, '/orders', { method: 'DELETE' })
    expect(missing).toMatchObject({ status: 404, text: expect.stringContaining('<Code>404</Code>') })
    expect(
      (await call(emulator, '/orders', { method: 'PUT', headers: { 'If-Match': '*' }, body: eventHub() })).status,
    ).toBe(404)
  })

  it('lists in pages of at most 100', async () => {
    const names = Array.from({ length: 103 }, (_, index) => `hub-${String(index).padStart(3, '0')}`)
    await using emulator = await startEmulator({ eventHubs: names.map((name) => ({ name, partitionCount: 1 })) })
    const first = await call(emulator, '/$Resources/EventHubs?api-version=2017-04')
    expect(first.type).toBe('application/atom+xml;type=feed;charset=utf-8')
    expect(titles(first.text)).toEqual(names.slice(0, 100))
    expect(titles((await call(emulator, '/$Resources/eventhubs?$skip=100&$top=100')).text)).toEqual(names.slice(100))
    expect(titles((await call(emulator, '/$Resources/EventHubs?$skip=1&$top=2')).text)).toEqual(names.slice(1, 3))
    expect(titles((await call(emulator, '/$Resources/EventHubs?$skip=200')).text)).toEqual([])
    expect((await call(emulator, '/$Resources/EventHubs?$top=many')).status).toBe(400)
  })

  it.each([
    ['no XML', 'partitions: 4'],
    ['cut short', '<entry><content>'],
    ['another description', consumerGroup()],
    ['a count that is none', eventHub('<PartitionCount>many</PartitionCount>')],
    ['too few partitions', eventHub('<PartitionCount>0</PartitionCount>')],
    ['no day of retention', eventHub('<MessageRetentionInDays>0</MessageRetentionInDays>')],
  ])('refuses a body with %s', async (_, body) => {
    await using emulator = await startEmulator()
    const { status, text } = await call(emulator, '/orders', { method: 'PUT', body })
    expect(status).toBe(400)
    expect(text).toMatch(/^<\?xml .*<Error><Code>400<\/Code><Detail>.+<\/Detail><\/Error>$/)
    expect(emulator.eventHubs.list()).toEqual([])
  })

  it('knows no other methods and paths', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders' }] })
    expect((await call(emulator, '/orders', { method: 'POST', body: '' })).status).toBe(405)
    expect((await call(emulator, '/$Resources/Queues')).status).toBe(404)
    expect((await call(emulator, '/orders/consumergroups/$Default/other')).status).toBe(404)
    expect((await call(emulator, '/')).text).toContain('Publicly Listed Services')
  })
})

describe('consumer groups and partitions', () => {
  it('creates, gets, lists and deletes', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders' }] })
    const body = consumerGroup('<UserMetadata>of team A &amp; B</UserMetadata>')
    expect((await call(emulator, '/orders/consumergroups/billing', { method: 'PUT', body })).status).toBe(201)
    expect((await call(emulator, '/orders/consumergroups/billing', { method: 'PUT', body })).status).toBe(409)
    expect((await call(emulator, '/orders/consumergroups/billing')).text).toContain('of team A &amp; B')
    expect(titles((await call(emulator, '/orders/consumergroups')).text)).toEqual(['$Default', 'billing'])
    expect((await call(emulator, '/orders/consumergroups/billing', { method: 'DELETE' })).status).toBe(200)
    expect((await call(emulator, '/orders/consumergroups/billing')).status).toBe(404)
    expect((await call(emulator, '/orders/consumergroups/$Default', { method: 'DELETE' })).status).toBe(400)
    expect((await call(emulator, '/nothing/consumergroups')).status).toBe(404)
  })

  it('tells of partitions', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
    expect(titles((await call(emulator, '/orders/consumergroups/$Default/partitions')).text)).toEqual(['0', '1'])
    const { status, text } = await call(emulator, '/orders/consumergroups/$Default/partitions/1')
    expect(status).toBe(200)
    expect(text).toContain('<BeginSequenceNumber>0</BeginSequenceNumber><EndSequenceNumber>-1</EndSequenceNumber>')
    expect((await call(emulator, '/orders/consumergroups/$Default/partitions/7')).status).toBe(404)
  })
})

describe('authorization', () => {
  it('needs a signature with Manage for the resource', async () => {
    const listen = { name: 'listen', key: 'secret', claims: ['Listen'] as const }
    await using emulator = await startEmulator({ sharedAccessKeys: [KEY, listen], eventHubs: [{ name: 'orders' }] })
    const base = `sb://localhost:${emulator.port}/`
    const status = async (authorization: string | undefined) =>
      (await call(emulator, '/orders', { authorization })).status
    expect(await status(sas(base))).toBe(200)
    expect(await status(sas(`https://localhost:${emulator.port}/orders`))).toBe(200)
    expect(await status(undefined)).toBe(401)
    expect(await status('Basic abc')).toBe(401)
    expect(await status(sas(base, { ...KEY, key: 'wrong' }))).toBe(401)
    expect(await status(sas(base, KEY, -1))).toBe(401)
    expect(await status(sas(`${base}other`))).toBe(401)
    const refused = await call(emulator, '/orders', { authorization: sas(base, listen) })
    expect(refused.status).toBe(401)
    expect(refused.text).toMatch(/Manage.* claim\(s\) are required/)
  })

  it('takes bearer tokens', async () => {
    const secret = 'a secret that is long enough for HS256'
    await using emulator = await startEmulator({ jwt: { secret, audience: 'https://eventhubs.azure.net' } })
    const token = async (audience: string, roles?: string[]) =>
      `Bearer ${await new SignJWT(roles ? { roles } : {})
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(audience)
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(secret))}`
    const status = async (authorization: string) =>
      (await call(emulator, '/$Resources/EventHubs', { authorization })).status
    expect(await status(await token('https://eventhubs.azure.net'))).toBe(200)
    expect(await status(await token('https://eventhubs.azure.net', ['Azure Event Hubs Data Owner']))).toBe(200)
    expect(await status(await token('https://eventhubs.azure.net', ['Azure Event Hubs Data Sender']))).toBe(401)
    expect(await status(await token('https://other'))).toBe(401)
    expect(await status('Bearer nonsense')).toBe(401)
  })
})

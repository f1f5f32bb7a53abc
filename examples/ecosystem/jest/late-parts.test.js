/** Each of these loads a package with the first connection that needs it. What they end in without Azure is an error that says so. */
const { createServer } = require('node:http')
const { createHmac } = require('node:crypto')
const { azureAdAuth, blobCheckpointStore, Kafka, logLevel, msalAuth } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')
const { roundTrip } = require('./round-trip.js')

const quiet = { logLevel: logLevel.NOTHING, retry: { retries: 0 }, connectionTimeout: 5000 }
const base64url = (text) => Buffer.from(text).toString('base64url')
const signed = (payload, secret) => {
  const text = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(payload))}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

let emulator
beforeAll(async () => {
  emulator = await startEmulator({ jwt: { secret: 'x'.repeat(32) }, eventHubs: [{ name: 'orders' }] })
})
afterAll(() => emulator.close())

test('tokens, checked by the emulator', async () => {
  const { eventHubs, ...config } = { ...emulator.kafkaConfig({ clientId: 'jest' }), ...quiet }
  const expiresOnTimestamp = Date.now() + 3_600_000
  const token = signed({ exp: expiresOnTimestamp / 1000, roles: ['Azure Event Hubs Data Owner'] }, 'x'.repeat(32))
  const credential = { getToken: async () => ({ token, expiresOnTimestamp }) }
  const kafka = new Kafka({ ...config, sasl: undefined, eventHubs: { auth: azureAdAuth({ credential }) } })
  await expect(roundTrip(kafka)).resolves.toBe('hello')
})

test('@azure/identity', async () => {
  const provider = azureAdAuth({ managedIdentityClientId: 'none' })
  const credential = await provider.getCredential({ fullyQualifiedNamespace: 'a.servicebus.windows.net' })
  expect(typeof credential.getToken).toBe('function')
})

test('@azure/msal-node', async () => {
  const provider = msalAuth({ clientId: 'c', tenantId: 't', clientSecret: 's' })
  const credential = await provider.getCredential({ fullyQualifiedNamespace: 'a.servicebus.windows.net' })
  expect(typeof credential.getToken).toBe('function')
})

test('@azure/storage-blob', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end('<?xml version="1.0"?><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const store = blobCheckpointStore({ containerUrl: `http://127.0.0.1:${server.address().port}/devstoreaccount1/c` })
  await expect(store.listOwnership('a.servicebus.windows.net', 'orders', 'g')).resolves.toEqual([])
  await new Promise((resolve) => server.close(resolve))
})

test('@azure/arm-eventhub', async () => {
  const { eventHubs, ...config } = { ...emulator.kafkaConfig({ clientId: 'jest' }), ...quiet }
  const credential = {
    getToken: async () => {
      throw new Error('no token for Azure Resource Manager')
    },
  }
  const management = { subscriptionId: 's', resourceGroupName: 'g', credential }
  const admin = new Kafka({ ...config, eventHubs: { ...eventHubs, management } }).admin()
  await expect(admin.createTopics({ topics: [{ topic: 'managed' }] })).rejects.toThrow(
    'no token for Azure Resource Manager',
  )
  await admin.disconnect()
})

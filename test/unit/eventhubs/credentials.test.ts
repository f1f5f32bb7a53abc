import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import type { AuthProvider } from '../../../src/types/auth-provider.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { collect, contents, openTransport, send, transferOf } from './open-transport.js'

const key = 'the key'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({
    autoCreateEventHubs: { partitionCount: 1 },
    sharedAccessKeys: [{ name: 'policy', key }],
  })
})
afterAll(() => emulator.close())

function sign(seconds: number): string {
  const resource = encodeURIComponent('sb://localhost/')
  const expiry = Math.floor(Date.now() / 1000) + seconds
  const signature = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64')
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=policy`
}

it('goes over to new signatures without losing, repeating or failing anything', async () => {
  let given = 0
  const auth: AuthProvider = {
    getCredential() {
      given++
      return { signature: sign(4) }
    },
  }
  await using transport = await openTransport(emulator, { eventHubs: { auth } })
  await transport.verify()
  const reader = collect(transport, { eventHubName: 'signed', partitionId: '0', ownerLevel: 1 })
  const sender = transport.openSender('signed-once', '0', { idempotent: true })
  const until = Date.now() + 12_000
  let count = 0
  while (Date.now() < until) {
    await send(transport, 'signed', '0', `${count}`)
    await sender.send(await transferOf(sender, `${count}`))
    count++
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await eventually(() => reader.sequenceNumbers.length >= count)
  expect(reader.sequenceNumbers).toEqual(Array.from({ length: count }, (_, index) => index))
  const expected = Array.from({ length: count }, (_, index) => `${index}`)
  expect(await contents(transport, 'signed-once', '0')).toEqual(expected)
  expect(given).toBeLessThanOrEqual(6)
  await reader.close()
})

it('takes up a key that was rotated after the old one is refused', async () => {
  let current = 'the old key'
  const auth: AuthProvider = { getCredential: () => ({ name: 'policy', key: current }) }
  await using transport = await openTransport(emulator, { eventHubs: { auth } })
  await expect(send(transport, 'rotated', '0', 'x')).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  current = key
  await send(transport, 'rotated', '0', 'x')
})

it('fails with the cause while a provider fails, and recovers with it', async () => {
  const cause = new Error('the vault is sealed')
  let isSealed = true
  const auth: AuthProvider = {
    getCredential() {
      if (isSealed) throw cause
      return { name: 'policy', key }
    },
  }
  await using transport = await openTransport(emulator, { eventHubs: { auth } })
  const refused = { name: 'KafkaJSSASLAuthenticationError', retriable: false, cause }
  await expect(transport.verify()).rejects.toMatchObject(refused)
  await expect(send(transport, 'sealed', '0', 'x')).rejects.toMatchObject(refused)
  await expect(transport.openSender('sealed', '0', { idempotent: true }).newTransfer()).rejects.toMatchObject(refused)
  const reader = collect(transport, { eventHubName: 'sealed', partitionId: '0' })
  expect(await reader.ended).toMatchObject(refused)
  isSealed = false
  await send(transport, 'sealed', '0', 'x')
})

it('goes on when tokens expire at the service', async () => {
  const auth: AuthProvider = { getCredential: () => ({ name: 'policy', key }) }
  await using transport = await openTransport(emulator, { eventHubs: { auth } })
  const reader = collect(transport, { eventHubName: 'expired', partitionId: '0' })
  await send(transport, 'expired', '0', 'a')
  await eventually(() => reader.sequenceNumbers.length === 1)
  await emulator.faults.expireTokens()
  expect(await reader.ended).toMatchObject({ retriable: true })
  // The link to send over is detached in the same moment, which the first attempt may find out.
  await eventually(() => send(transport, 'expired', '0', 'b'))
  expect(await contents(transport, 'expired', '0')).toEqual(['a', 'b'])
})

it('says which event hub a connection string is for', async () => {
  const connectionString = `Endpoint=sb://localhost:${emulator.port};SharedAccessKeyName=policy;SharedAccessKey=${key};EntityPath=mine;UseDevelopmentEmulator=true`
  await using transport = await openTransport(emulator, { eventHubs: { connectionString } })
  await transport.verify()
  await send(transport, 'mine', '0', 'x')
  await expect(send(transport, 'yours', '0', 'x')).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
    message: expect.stringContaining('"mine" alone'),
  })
})

it('bounds the time a credential may take', async () => {
  const auth: AuthProvider = { getCredential: () => ({ getToken: () => new Promise(() => {}) }) }
  await using transport = await openTransport(emulator, { eventHubs: { auth }, connectionTimeout: 300 })
  const begun = Date.now()
  await expect(transport.verify()).rejects.toMatchObject({
    name: 'KafkaJSSASLAuthenticationError',
    message: expect.stringContaining('no token within 300 ms'),
  })
  expect(Date.now() - begun).toBeLessThan(scaled(1500))
})

it('bounds the time a token may take once connected', async () => {
  const auth: AuthProvider = { getCredential: () => ({ getToken: () => new Promise(() => {}) }) }
  await using transport = await openTransport(emulator, {
    eventHubs: { auth },
    connectionTimeout: 300,
    requestTimeout: 300,
  })
  const begun = Date.now()
  const expected = expect.stringMatching(/no answer within|No answer within|not been open within/)
  await expect(transport.openSender('hanging', '0', { idempotent: false }).newTransfer()).rejects.toMatchObject({
    message: expected,
  })
  const reader = collect(transport, { eventHubName: 'hanging', partitionId: '0' })
  expect(await reader.ended).toMatchObject({ message: expected })
  expect(Date.now() - begun).toBeLessThan(scaled(3000))
})

import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TokenCredential } from '@azure/core-auth'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { blobCheckpointStore } from '../../../../src/checkpoint/blob/blob.js'
import { createBlobSession } from '../../../../src/checkpoint/blob/session.js'
import { checkpointStoreFromString } from '../../../../src/checkpoint/from-string.js'
import { createCertificate } from '../../../support/certificate.js'

/**
 * A storage account that takes one token, and stores what is put: Azurite takes every token, whoever signed it. The SDK sends
 * tokens over TLS only.
 */
async function startAccount() {
  const state = { accepted: 'old', refusal: [401, 'InvalidAuthenticationInfo'] as [number, string] }
  const tls = createCertificate()
  const server = createServer(tls, (request, response) => {
    request.resume()
    if (request.headers.authorization === `Bearer ${state.accepted}`) {
      response.writeHead(200, { etag: '"1"', 'last-modified': new Date().toUTCString() }).end()
      return
    }
    const [status, code] = state.refusal
    const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Refused.</Message></Error>`
    response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    state,
    containerUrl: `https://localhost:${(server.address() as AddressInfo).port}/offsets`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

let account: Awaited<ReturnType<typeof startAccount>>
beforeAll(async () => {
  account = await startAccount()
  // The store makes the SDK's client itself, which trusts what Node trusts.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
})
afterAll(() => {
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  account.close()
})

const checkpoint = {
  fullyQualifiedNamespace: 'ns.servicebus.windows.net',
  eventHubName: 'orders',
  consumerGroup: 'billing',
  partitionId: '0',
  sequenceNumber: 1,
  offset: '100',
}

/** A credential whose token is the present one, after so many answers with the one before. */
function rotating() {
  const state = { token: 'old', stale: 0, asked: 0 }
  const credential: TokenCredential = {
    async getToken(_scopes) {
      state.asked++
      return { token: state.stale-- > 0 ? 'old' : state.token, expiresOnTimestamp: Date.now() + 3_600_000 }
    },
  }
  return { state, credential }
}

it.each([
  ['at once', 0],
  ['after a while', 1],
])(
  'asks the credential for another token where the one it has is refused, and has the new one %s',
  async (_, stale) => {
    account.state.accepted = 'old'
    const { state, credential } = rotating()
    const warnings: string[] = []
    const logger = { warn: (text: string) => warnings.push(text) }
    const store = blobCheckpointStore({ containerUrl: account.containerUrl, credential, logger })
    await store.updateCheckpoint(checkpoint)
    await store.updateCheckpoint(checkpoint)
    expect(state.asked).toBe(1)
    account.state.accepted = 'new'
    Object.assign(state, { token: 'new', stale })
    await Promise.all([store.updateCheckpoint(checkpoint), store.updateCheckpoint(checkpoint)])
    expect(warnings).toHaveLength(1 + stale)
    expect(warnings[0]).toContain('refused the credential, asking for another')
  },
)

it('asks the provider of all clients for another credential', async () => {
  account.state.accepted = 'old'
  let token = 'old'
  let asked = 0
  const getCredential = () => {
    asked++
    const given = token
    return { getToken: async (_scopes: unknown) => ({ token: given, expiresOnTimestamp: Date.now() + 3_600_000 }) }
  }
  const store = checkpointStoreFromString(account.containerUrl, { auth: { getCredential } })
  await store.updateCheckpoint(checkpoint)
  token = 'new'
  account.state.accepted = 'new'
  await store.updateCheckpoint(checkpoint)
  expect(asked).toBe(2)
})

it('rejects at once where no token of it was ever taken, and where it only lacks a right', async () => {
  account.state.accepted = 'another'
  const first = rotating()
  const store = blobCheckpointStore({ containerUrl: account.containerUrl, credential: first.credential })
  const lacking = { message: expect.stringContaining('The credential lacks a permission') }
  await expect(store.updateCheckpoint(checkpoint)).rejects.toMatchObject({
    name: 'KafkaJSNonRetriableError',
    ...lacking,
  })
  expect(first.state.asked).toBe(1)
  account.state.accepted = 'old'
  await store.updateCheckpoint(checkpoint)
  account.state.accepted = 'another'
  account.state.refusal = [403, 'AuthorizationPermissionMismatch']
  const { asked } = first.state
  // What was allowed may be again: a role, a rule of the firewall.
  const passing = { name: 'KafkaJSError', retriable: true }
  await expect(store.updateCheckpoint(checkpoint)).rejects.toMatchObject({ ...passing, ...lacking })
  expect(first.state.asked).toBe(asked)
  account.state.accepted = 'old'
  account.state.refusal = [401, 'InvalidAuthenticationInfo']
  await store.updateCheckpoint(checkpoint)
})

it('takes an identity that was there and is gone for one that may come back', async () => {
  account.state.accepted = 'old'
  let isAway = true
  const credential: TokenCredential = {
    async getToken(_scopes) {
      if (isAway) throw Object.assign(new Error('no managed identity'), { name: 'CredentialUnavailableError' })
      return { token: 'old', expiresOnTimestamp: Date.now() + 1 }
    },
  }
  const store = blobCheckpointStore({ containerUrl: account.containerUrl, credential })
  const none = { message: expect.stringContaining('No credential was found') }
  await expect(store.updateCheckpoint(checkpoint)).rejects.toMatchObject({ name: 'KafkaJSNonRetriableError', ...none })
  isAway = false
  await store.updateCheckpoint(checkpoint)
  isAway = true
  await expect(store.updateCheckpoint(checkpoint)).rejects.toMatchObject({ name: 'KafkaJSError', ...none })
})

it('ends though the provider never answers, and asks it again with the next call', async () => {
  let asked = 0
  const findCredential = () => {
    asked++
    return new Promise<never>(() => undefined)
  }
  const session = createBlobSession({ containerUrl: account.containerUrl, findCredential }, 50)
  const writing = () => session.write(async () => undefined)
  await expect(writing()).rejects.toThrow('within 50 ms')
  await expect(writing()).rejects.toMatchObject({ name: 'KafkaJSError', retriable: true })
  expect(asked).toBe(2)
})

import { generateKeyPairSync } from 'node:crypto'
import { OAuth2Server } from 'oauth2-mock-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import type { KafkaConfig } from '../../../src/index.js'
import { authenticate, type TrustedCertificate, trustedCertificate } from '../../support/authenticate.js'
import { scaled } from '../../support/pace.js'
import type { AuthenticateConfig, AuthenticateResult } from '../../support/programs/authenticate.js'

const tenantId = '11111111-2222-3333-4444-555555555555'
const clientId = 'the-client-id'
const clientSecret = 'the-client-secret-that-nobody-may-see'
const audience = 'https://eventhubs.azure.net'
const senderKey = 'sender-key-that-nobody-may-see='
const orders = 'orders'

let certificate: TrustedCertificate
let issuer: OAuth2Server
let emulator: Emulator
let plain: Emulator
let tokenRequests: number
let payload: Record<string, unknown>

beforeAll(async () => {
  certificate = await trustedCertificate()
  issuer = new OAuth2Server(certificate.keyPath, certificate.path, {
    endpoints: {
      wellKnownDocument: `/${tenantId}/v2.0/.well-known/openid-configuration`,
      token: `/${tenantId}/oauth2/v2.0/token`,
      authorize: `/${tenantId}/oauth2/v2.0/authorize`,
      jwks: '/keys',
    },
  })
  await issuer.issuer.keys.generate('RS256')
  await issuer.start(0, 'localhost')
  issuer.service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
    tokenRequests++
    Object.assign(token.payload, { aud: audience, ...payload })
  })
  emulator = await startEmulator({
    tls: certificate,
    jwt: {
      jwks: { keys: issuer.issuer.keys.toJSON() as never },
      audience,
      ...(issuer.issuer.url && { issuer: issuer.issuer.url }),
    },
    sharedAccessKeys: [],
  })
  plain = await startEmulator({
    eventHubs: [{ name: orders }, { name: 'others' }],
    sharedAccessKeys: [
      { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' },
      { name: 'sender', key: senderKey, claims: ['Send'] },
      { name: 'orders-only', key: 'orders-key-that-nobody-may-see=', eventHub: orders },
    ],
  })
})
afterAll(async () => {
  await Promise.all([emulator.close(), plain.close(), issuer.stop()])
  await certificate[Symbol.asyncDispose]()
})
beforeEach(() => {
  tokenRequests = 0
  payload = {}
})

/** What must be in no log and no error. */
const secrets = [clientSecret, senderKey, 'SAS_KEY_VALUE', 'orders-key-that-nobody-may-see', 'wrong-key', 'eyJ']

async function run(
  config: Partial<AuthenticateConfig> & { kafka: AuthenticateConfig['kafka'] },
  env = {},
): Promise<AuthenticateResult> {
  const result = await authenticate({ topic: orders, ...config }, { trust: certificate, env })
  const text = JSON.stringify(result)
  for (const secret of secrets) expect(text).not.toContain(secret)
  return result
}

const overTls = (): AuthenticateConfig['kafka'] => ({
  clientId: 'auth',
  brokers: [`localhost:${emulator.port}`],
  ssl: true,
  connectionTimeout: Math.round(scaled(5000)),
  retry: { retries: 0 },
  eventHubs: { customEndpointAddress: `sb://localhost:${emulator.port}` },
})
const overPlain = (more: Partial<KafkaConfig>): AuthenticateConfig['kafka'] => ({
  clientId: 'auth',
  brokers: [`localhost:${plain.port}`],
  connectionTimeout: Math.round(scaled(3000)),
  retry: { retries: 0 },
  ...more,
})
const plainSasl = (username: string, password: string) =>
  ({ mechanism: 'plain', username, password }) as NonNullable<KafkaConfig['sasl']>

const authorityHost = () => `https://localhost:${issuer.address().port}`
const identity = (more = {}) => ({
  kind: 'identity' as const,
  tenantId,
  clientId,
  clientSecret,
  authorityHost: authorityHost(),
  ...more,
})

describe('what you have and what to write', () => {
  it('a connection string, as eventHubs.connectionString', async () => {
    const result = await run({ kafka: overPlain({ eventHubs: { connectionString: plain.connectionString } }) })
    expect(result).toMatchObject({ received: 'through' })
  })

  it('a connection string, as the password of $ConnectionString', async () => {
    const result = await run({ kafka: overPlain({ sasl: plainSasl('$ConnectionString', plain.connectionString) }) })
    expect(result).toMatchObject({ received: 'through' })
  })

  it('the connection string of an event hub', async () => {
    const connectionString = plain.connectionStringOf({ keyName: 'orders-only' })
    expect(await run({ kafka: overPlain({ eventHubs: { connectionString } }) })).toMatchObject({ received: 'through' })
  })

  it('name and key of a policy', async () => {
    const sasl = plainSasl('RootManageSharedAccessKey', 'SAS_KEY_VALUE')
    expect(await run({ kafka: overPlain({ sasl }) })).toMatchObject({ received: 'through' })
  })

  it('an emulator', async () => {
    expect(await run({ kafka: overPlain({}) })).toMatchObject({ received: 'through' })
  })

  it('a credential of @azure/identity', async () => {
    expect(await run({ kafka: overTls(), auth: identity() })).toMatchObject({ received: 'through' })
  })

  it('the environment of DefaultAzureCredential', async () => {
    const env = {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      AZURE_AUTHORITY_HOST: authorityHost(),
    }
    expect(await run({ kafka: overTls(), auth: { kind: 'environment' } }, env)).toMatchObject({ received: 'through' })
  })

  it('MSAL with a client secret', async () => {
    const options = { clientId, tenantId, clientSecret, authorityHost: authorityHost() }
    const result = await run({ kafka: overTls(), auth: { kind: 'msal', options } })
    expect(result).toMatchObject({ received: 'through' })
    // Producer and consumer share the application, whose cache is used.
    expect(tokenRequests).toBe(1)
  })

  it('MSAL with a certificate', async () => {
    const clientCertificate = { thumbprintSha256: 'ab'.repeat(32), privateKey: rsaKey() }
    const options = { clientId, tenantId, clientCertificate, authorityHost: authorityHost() }
    expect(await run({ kafka: overTls(), auth: { kind: 'msal', options } })).toMatchObject({ received: 'through' })
  })

  it('MSAL with an assertion', async () => {
    const options = { clientId, tenantId, clientAssertion: 'an.assertion.signed', authorityHost: authorityHost() }
    expect(await run({ kafka: overTls(), auth: { kind: 'msal', options } })).toMatchObject({ received: 'through' })
  })

  it('an application of MSAL', async () => {
    const authority = `${authorityHost()}/${tenantId}`
    const auth = {
      kind: 'msal-app' as const,
      clientId,
      clientSecret,
      authority,
      knownAuthority: new URL(authority).host,
    }
    expect(await run({ kafka: overTls(), auth })).toMatchObject({ received: 'through' })
  })

  it('a provider of bearer tokens', async () => {
    const url = `${authorityHost()}/${tenantId}/oauth2/v2.0/token`
    expect(await run({ kafka: overTls(), auth: { kind: 'bearer', url } })).toMatchObject({ received: 'through' })
  })
})

describe('what is refused', () => {
  const refused = async (
    config: Partial<AuthenticateConfig> & { kafka: AuthenticateConfig['kafka'] },
    within = 3000,
  ) => {
    const result = await run(config)
    expect(result.received).toBeUndefined()
    expect(result.milliseconds).toBeLessThan(scaled(within))
    return result.error
  }

  it('a wrong key', async () => {
    const error = await refused({ kafka: overPlain({ sasl: plainSasl('RootManageSharedAccessKey', 'wrong-key') }) })
    expect(error).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/InvalidSignature.*check/is),
    })
  })

  it('the name of no policy', async () => {
    const error = await refused({ kafka: overPlain({ sasl: plainSasl('nobody', 'wrong-key') }) })
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  })

  it('a ready-made signature that has expired', async () => {
    const connectionString = `Endpoint=sb://localhost:${plain.port};SharedAccessSignature=SharedAccessSignature sr=x&sig=wrong-key&se=1000000000&skn=a;UseDevelopmentEmulator=true`
    const error = await refused({ kafka: overPlain({ eventHubs: { connectionString } }) })
    expect(error).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/expired at 2001/),
    })
  })

  it('a bearer token that has expired', async () => {
    payload = { exp: Math.floor(Date.now() / 1000) - 60 }
    const url = `${authorityHost()}/${tenantId}/oauth2/v2.0/token`
    const error = await refused({ kafka: overTls(), auth: { kind: 'bearer', url } })
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', message: expect.stringMatching(/expired/) })
  })

  it('a rule that may only send, when it reads', async () => {
    const error = await refused({ kafka: overPlain({ sasl: plainSasl('sender', senderKey) }) }, 15_000)
    expect(JSON.stringify(error)).toMatch(/'Listen' claim.*Data Receiver/is)
  })

  it('an identity that may only read, when it sends', async () => {
    payload = { roles: ['Azure Event Hubs Data Receiver'] }
    const error = await refused({ kafka: overTls(), auth: identity() }, 15_000)
    expect(JSON.stringify(error)).toMatch(/'Send' claim.*Data Sender/is)
  })

  it('another event hub than that of the connection string', async () => {
    const connectionString = plain.connectionStringOf({ keyName: 'orders-only' })
    const error = await refused({ topic: 'others', kafka: overPlain({ eventHubs: { connectionString } }) })
    expect(error).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/"orders" alone/),
    })
  })

  it('a token for another audience', async () => {
    payload = { aud: 'https://storage.azure.com' }
    const error = await refused({ kafka: overTls(), auth: identity() })
    expect(error).toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/InvalidAudience/),
    })
  })

  it('a namespace that takes no keys', async () => {
    const connectionString = `Endpoint=sb://localhost:${emulator.port};SharedAccessKeyName=any;SharedAccessKey=wrong-key`
    const { eventHubs: _, ...kafka } = overTls()
    const error = await refused({ kafka: { ...kafka, eventHubs: { connectionString } } })
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  })

  for (const [library, auth] of [
    ['@azure/identity', () => identity({ tenantId: 'another-tenant' })],
    [
      'MSAL',
      () => ({
        kind: 'msal' as const,
        options: { clientId, tenantId: 'another-tenant', clientSecret, authorityHost: authorityHost() },
      }),
    ],
  ] as const) {
    it(`the wrong tenant (${library})`, async () => {
      const error = await refused({ kafka: overTls(), auth: auth() }, 6000)
      expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
    })
  }

  it('an issuer that answers with an error', async () => {
    const auth = { kind: 'bearer' as const, url: `${authorityHost()}/nowhere` }
    const error = await refused({ kafka: overTls(), auth })
    expect(error).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', message: expect.stringMatching(/404/) })
    expect(error?.causes.join()).toContain('The issuer answered 404')
  })
})

function rsaKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
}

import { describe, expect, it } from 'vitest'
import { authProviderFromSettings } from '../../../src/auth/from-settings.js'
import { msalAuth } from '../../../src/auth/msal.js'
import { expiryOf } from '../../../src/auth/oauth-bearer.js'
import { sasAuth } from '../../../src/auth/sas.js'
import { kafkaSettings } from '../../../src/config/config.js'
import type { KafkaConfig } from '../../../src/types/index.js'

const connectionString = 'Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=secret-key='
const target = { fullyQualifiedNamespace: 'ns.servicebus.windows.net' }
const credentialFor = (config: Partial<KafkaConfig>) =>
  authProviderFromSettings(kafkaSettings({ brokers: [], ...config })).getCredential(target)
const plain = (username: string, password: string) => ({ mechanism: 'plain', username, password }) as const
const bearer = (value: unknown) =>
  ({ mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) as { value: string } }) as const

describe('sasl', () => {
  it('plain with $ConnectionString', () => {
    expect(credentialFor({ sasl: plain('$ConnectionString', connectionString) })).toEqual({ connectionString })
  })

  it('plain with the name and key of a policy', () => {
    expect(credentialFor({ sasl: plain('a', 'b') })).toEqual({ name: 'a', key: 'b' })
  })

  it('oauthbearer, whose token says when it ends', async () => {
    const token = `e.${Buffer.from(JSON.stringify({ exp: 2_000_000_000 })).toString('base64url')}.s`
    const credential = (await credentialFor({ sasl: bearer(token) })) as { getToken(): Promise<unknown> }
    expect(await credential.getToken()).toEqual({ token, expiresOnTimestamp: 2_000_000_000_000 })
  })

  it.each([undefined, '', 5])('oauthbearer with %s for a token', async (value) => {
    const credential = (await credentialFor({ sasl: bearer(value) })) as { getToken(): Promise<unknown> }
    await expect(credential.getToken()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: 'SASL OAUTHBEARER: Invalid OAuth bearer token',
    })
  })

  it.each([
    [plain('', 'x'), /^SASL Plain: Invalid username or password\. Empty: sasl\.username/],
    [plain('x', ''), /^SASL Plain: Invalid username or password\. Empty: sasl\.password/],
    [{ mechanism: 'oauthbearer' }, /^SASL OAUTHBEARER: Missing OAuth bearer token provider/],
  ] as const)('%j is incomplete', (sasl, message) => {
    expect(() => credentialFor({ sasl: sasl as NonNullable<KafkaConfig['sasl']> })).toThrow(
      expect.objectContaining({
        name: 'KafkaJSSASLAuthenticationError',
        message: expect.stringMatching(message),
      }),
    )
  })

  it('gives way to eventHubs.auth and eventHubs.connectionString', () => {
    const sasl = plain('a', 'b')
    expect(credentialFor({ sasl, eventHubs: { auth: sasAuth({ keyName: 'c', key: 'd' }) } })).toEqual({
      name: 'c',
      key: 'd',
    })
    expect(credentialFor({ sasl, eventHubs: { connectionString } })).toEqual({ connectionString })
  })

  it('missing is the key of an emulator', () => {
    expect(credentialFor({})).toEqual({ name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' })
  })
})

describe('what is incomplete', () => {
  it.each([
    ['Endpoint=sb://h/;SharedAccessKey=secret-key', 'SharedAccessKeyName'],
    ['Endpoint=sb://h/;SharedAccessKeyName=a', 'SharedAccessKey'],
    ['SharedAccessKeyName=a;SharedAccessKey=secret-key', 'Endpoint'],
    ['secret-key', 'Endpoint'],
  ])('a connection string: %s lacks %s', (text, field) => {
    const error = catchError(() => sasAuth({ connectionString: text }))
    expect(error).toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining(`lacks ${field}:`),
    })
    expect(error.message).not.toContain('secret-key')
  })

  it('sasAuth', () => {
    expect(() => sasAuth({} as never)).toThrow(/sasAuth needs/)
    expect(() => sasAuth({ keyName: 'a' } as never)).toThrow(/sasAuth needs/)
  })

  it('msalAuth', () => {
    expect(() => msalAuth({} as never)).toThrow(/lacks clientId and tenantId and one of clientSecret/)
    expect(() => msalAuth({ clientId: 'a', tenantId: 'b', clientSecret: '' })).toThrow(/lacks one of clientSecret/)
  })

  it('a token that is no JWT says nothing of its end', () => {
    for (const text of ['', 'abc', 'a.b.c', 'a.bnVsbA.c', `a.${Buffer.from('{"exp":"x"}').toString('base64url')}.c`]) {
      expect(expiryOf(text)).toBeUndefined()
    }
  })
})

function catchError(operation: () => unknown): Error {
  try {
    operation()
  } catch (error) {
    return error as Error
  }
  throw new Error('Nothing was thrown')
}

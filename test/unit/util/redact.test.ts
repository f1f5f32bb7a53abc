import { describe, expect, it } from 'vitest'
import { redact, redactError, redactValue } from '../../../src/util/redact.js'

const key = 'bXktc2VjcmV0LWtleQ=='
const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'

describe('redact', () => {
  it.each([
    [
      'a connection string',
      `Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${key};EntityPath=e`,
    ],
    ['a connection string in JSON', JSON.stringify({ text: `SharedAccessKey=${key}` })],
    [
      'a storage account',
      `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${key};EndpointSuffix=core.windows.net`,
    ],
    ['a token', `SharedAccessSignature sr=sb%3a%2f%2fn&sig=${encodeURIComponent(key)}&se=1&skn=Root`],
    [
      'a connection string with a token',
      `Endpoint=sb://n/;SharedAccessSignature=SharedAccessSignature sr=x&sig=${encodeURIComponent(key)}&se=1`,
    ],
    ['a blob URL', `https://a.blob.core.windows.net/c?sv=1&sig=${encodeURIComponent(key)}&sp=r`],
    ['a bearer token', `Authorization: Bearer ${jwt}`],
    ['a JWT', `token ${jwt} refused`],
    ['a URL with a password', `POST https://me:${encodeURIComponent(key)}@idp/token failed`],
    ['a client secret', `client_id=i&client_secret=${encodeURIComponent(key)}&grant_type=x`],
  ])('takes the secret out of %s', (_title, text) => {
    const clean = redact(text)
    for (const secret of [key, encodeURIComponent(key), jwt, jwt.split('.')[1]!]) expect(clean).not.toContain(secret)
    expect(clean).toContain('[redacted]')
  })

  it('leaves what tells something', () => {
    const clean = redact(
      `Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${key};EntityPath=e`,
    )
    expect(clean).toBe(
      'Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=[redacted];EntityPath=e',
    )
    for (const text of ['', 'Connection error: connect ECONNREFUSED', 'design=1&big=2', 'the password is wrong'])
      expect(redact(text)).toBe(text)
  })

  it('looks into objects, and copies only where it must', () => {
    const plain = { a: 1, b: { c: ['x', Buffer.from('x'), new Date(0)] } }
    expect(redactValue(plain)).toBe(plain)
    const telling = {
      broker: 'h:1',
      sasl: { username: '$ConnectionString', password: key },
      list: [`AccountKey=${key}`],
    }
    expect(JSON.stringify(redactValue(telling))).not.toContain(key)
    expect(redactValue(telling)).toMatchObject({ broker: 'h:1', sasl: { username: '$ConnectionString' } })
    expect(telling.sasl.password).toBe(key)
    const round: { self?: unknown } = {}
    round.self = round
    expect(redactValue(round)).toBe(round)
  })

  it('cleans errors in place, with what is beneath', () => {
    const inner = new Error(`SharedAccessKey=${key}`)
    const error = new AggregateError([inner], 'several', { cause: new Error(`AccountKey=${key}`) })
    expect(redactError(error)).toBe(error)
    for (const { message, stack } of [error, inner, error.cause as Error]) expect(message + stack).not.toContain(key)
  })
})

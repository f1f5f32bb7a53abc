import { expect, it } from 'vitest'
import { fromStorageError } from '../../../../src/checkpoint/blob/errors.js'

const refused = Object.assign(new Error('Server failed to authenticate the request.'), {
  statusCode: 403,
  code: 'AuthenticationFailed',
})
const url = (expiry: string) => `https://account.blob.core.windows.net/offsets?sv=2024-01-01&se=${expiry}&sig=x`

it('tells of a SAS that has expired', () => {
  const error = fromStorageError(refused, { container: 'offsets', url: url('2020-01-02T03%3A04%3A05Z'), mayPass: true })
  expect(error.message).toMatch(/Its SAS expired at 2020-01-02T03:04:05\.000Z: make a new one/)
  expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError' })
})

it.each([undefined, 'no URL', url('3000-01-01'), 'https://account.blob.core.windows.net/offsets'])(
  'tells of a missing permission otherwise: %s',
  (given) => {
    expect(fromStorageError(refused, { container: 'offsets', url: given }).message).toMatch(
      /The credential lacks a permission/,
    )
  },
)

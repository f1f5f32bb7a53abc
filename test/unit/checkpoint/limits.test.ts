import { expect, it } from 'vitest'
import { checkMetadata } from '../../../src/checkpoint/blob/records.js'
import { checkOwnership } from '../../../src/checkpoint/validation.js'

const ownership = (length: number) => ({
  fullyQualifiedNamespace: 'ns.servicebus.windows.net',
  eventHubName: 'orders',
  consumerGroup: 'billing',
  partitionId: '0',
  ownerId: 'x'.repeat(length),
})

it('takes an ownerId of 7,168 characters, and none longer', () => {
  checkOwnership(ownership(7168))
  expect(() => checkOwnership(ownership(7169))).toThrow(
    'An ownerId of 7169 characters does not fit in a checkpoint store: at most 7168',
  )
})

it('writes metadata of 8,192 bytes to a blob, names included, and none larger', () => {
  const metadata = { ownerid: 'x'.repeat(8192 - 'ownerid'.length) }
  expect(checkMetadata(metadata)).toBe(metadata)
  expect(() => checkMetadata({ ...metadata, a: '' })).toThrow('A record of 8193 bytes does not fit')
})

import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import {
  decodeMemberRecord,
  encodeMemberRecord,
  fromOwnerId,
  MAX_INFLATED_LENGTH,
  MAX_LENGTH,
  MAX_PARTITIONS,
  type MemberRecord,
  toOwnerId,
} from '../../../src/group/member-record.js'

const record: MemberRecord = {
  memberId: 'größe-1',
  clientId: 'größe',
  clientHost: 'host',
  sessionTimeout: 30_000,
  topics: { orders: 12, ünïcode: 3 },
  protocols: [{ name: 'RoundRobinAssigner', metadata: 'AAE=' }],
  state: 'stable',
}

it('comes back as it was, and is ASCII in between', () => {
  const text = encodeMemberRecord(record)
  expect(text).toMatch(/^[\w-]+$/)
  expect(decodeMemberRecord(text)).toMatchObject(record)
})

it.each(['', 'something else', 'AAAA', Buffer.from('{"v":1}').toString('base64url')])(
  'takes %j for no member',
  (text) => {
    expect(decodeMemberRecord(text)).toBeUndefined()
  },
)

it('holds a hundred topics, and says what to do about more than the store can hold', () => {
  const topics = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`orders.region-${i}`, 32]))
  expect(encodeMemberRecord({ ...record, topics }).length).toBeLessThan(6000)
  const metadata = randomBytes(6000).toString('base64')
  expect(() => encodeMemberRecord({ ...record, protocols: [{ name: 'big', metadata }] })).toThrow(/fewer topics/)
})

it('marks members among the owners of partitions', () => {
  expect(toOwnerId('größe-1')).toMatch(/^[\x21-\x7e]+$/)
  expect(fromOwnerId(toOwnerId('größe-1'))).toBe('größe-1')
  expect(fromOwnerId('0d0e1b4c-processor')).toBeUndefined()
  expect(fromOwnerId('')).toBeUndefined()
})

it('has six thousand bytes in the store, and not one more', () => {
  // Bytes that can't be compressed, as base64 four for three of them.
  const lengthOf = (bytes: number) => {
    const metadata = noise.subarray(0, bytes).toString('base64')
    return encodeMemberRecord({ ...record, protocols: [{ name: 'big', metadata }] }).length
  }
  const noise = randomBytes(MAX_LENGTH)
  let bytes = 3000
  const lengths = new Set<number>()
  expect(() => {
    for (;;) lengths.add(lengthOf(bytes++))
  }).toThrow(`holds ${MAX_LENGTH}`)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_LENGTH)
  expect(Math.max(...lengths)).toBeGreaterThan(MAX_LENGTH - 4)
})

it('is read when it inflates to a megabyte, and not to one byte more', () => {
  const stored = (length: number) => {
    const json = JSON.stringify({ v: 1, ...record, pad: '' })
    const padded = json.replace('"pad":""', `"pad":"${' '.repeat(length - Buffer.byteLength(json))}"`)
    return deflateRawSync(padded).toString('base64url')
  }
  expect(decodeMemberRecord(stored(MAX_INFLATED_LENGTH))).toMatchObject({ memberId: record.memberId })
  expect(decodeMemberRecord(stored(MAX_INFLATED_LENGTH + 1))).toBeUndefined()
})

it('is not read when it inflates to more than a member can have to say', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64url')
  const before = process.memoryUsage().arrayBuffers
  expect(decodeMemberRecord(bomb)).toBeUndefined()
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
})

it('is not read when it claims more partitions than any topic has: their list is made in memory', () => {
  const claiming = (count: number) => decodeMemberRecord(encodeMemberRecord({ ...record, topics: { orders: count } }))
  expect(claiming(MAX_PARTITIONS)).toMatchObject({ topics: { orders: MAX_PARTITIONS } })
  expect(claiming(MAX_PARTITIONS + 1)).toBeUndefined()
})

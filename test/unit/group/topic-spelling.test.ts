import { expect, it } from 'vitest'
import { partitionsOf } from '../../../src/group/assignment.js'
import { partitionKey } from '../../../src/group/leases.js'
import type { MemberRecord } from '../../../src/group/member-record.js'
import { groupSpelling, ownSpelling } from '../../../src/group/topic-spelling.js'

const members = [{ topics: { orders: 4, Bills: 1 } }, { topics: { Orders: 5 } }] as unknown as MemberRecord[]

it('a group spells each topic in one way, whoever asks and in whatever order', () => {
  const spelling = groupSpelling(members)
  expect(groupSpelling([...members].reverse()).of('ORDERS')).toBe(spelling.of('orders'))
  expect(spelling.of('oRDERS')).toBe('Orders')
  expect([...spelling.topics].sort()).toEqual(['Bills', 'Orders'])
  expect(spelling.of('none')).toBeUndefined()
})

it('a member spells a topic as it was asked for', () => {
  const spelling = ownSpelling(['orders'])
  expect(spelling.of('Orders')).toBe('orders')
  expect(spelling.of('bills')).toBeUndefined()
})

it('spellings are of one topic: its partitions are counted once, and are one partition each', () => {
  expect(Object.fromEntries(partitionsOf(members, { orders: 4 }))).toEqual({ Orders: 5, Bills: 1 })
  expect(Object.fromEntries(partitionsOf(members, { ORDERS: 0 }))).toEqual({ ORDERS: 0, Bills: 1 })
  expect(partitionKey('Orders', 1)).toBe(partitionKey('orders', 1))
})

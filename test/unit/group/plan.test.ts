import { randomUUID } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { MAX_INFLATED_LENGTH, MAX_LENGTH } from '../../../src/group/member-record.js'
import { decodePlan, encodePlan } from '../../../src/group/plan.js'

const planOf = (count: number) => ({
  basis: 'basis',
  members: new Map(Array.from({ length: count }, (_, index) => [randomUUID(), { orders: [index] }])),
})

it('comes back as it was', () => {
  const plan = planOf(100)
  expect(decodePlan(encodePlan(plan))).toEqual(plan)
})

it('says what to do about more than a store can hold', () => {
  expect(() => encodePlan(planOf(400))).toThrow(
    expect.objectContaining({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringMatching(new RegExp(`holds ${MAX_LENGTH}: .* use PartitionAssigners.roundRobin`)),
    }),
  )
})

it('is not read when it inflates to more than a group can have to say', () => {
  const stored = (pad: number) =>
    deflateRawSync(JSON.stringify({ v: 1, basis: 'b', ids: [], topics: {}, pad: ' '.repeat(pad) })).toString(
      'base64url',
    )
  expect(decodePlan(stored(MAX_INFLATED_LENGTH / 2))).toEqual({ basis: 'b', members: new Map() })
  expect(decodePlan(stored(MAX_INFLATED_LENGTH))).toBeUndefined()
})

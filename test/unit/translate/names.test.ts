import { describe, expect, it } from 'vitest'
import { invalidTopicError, isConsumerGroupName, isEventHubName } from '../../../src/translate/names.js'
import { fromOffset, toOffset } from '../../../src/translate/offset.js'

describe('names', () => {
  it.each(['orders', 'a', 'A.b-c_9', '_internal', 'x'.repeat(256)])('%s can be an event hub', (name) => {
    expect(isEventHubName(name)).toBe(true)
  })

  it.each(['', '.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(257), 7, undefined, {}])('%s cannot', (name) => {
    expect(isEventHubName(name)).toBe(false)
  })

  it('of consumer groups are shorter, and $Default is one', () => {
    expect(['billing', '$Default', '$default', 'x'.repeat(50)].map(isConsumerGroupName)).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(['', '$other', 'a b', 'x'.repeat(51)].map(isConsumerGroupName)).toEqual([false, false, false, false])
  })

  it('that are none give the error of kafkajs', () => {
    expect(invalidTopicError('a b')).toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'INVALID_TOPIC_EXCEPTION',
      code: 17,
      retriable: false,
      message: expect.stringContaining('"a b"'),
    })
  })
})

describe('offsets', () => {
  it('are sequence numbers in decimal', () => {
    for (const number of [0, 7, Number.MAX_SAFE_INTEGER, -1, -2]) expect(fromOffset(toOffset(number))).toBe(number)
    expect([fromOffset(3), fromOffset(4n), fromOffset('007')]).toEqual([3, 4, 7])
  })

  it.each(['', 'x', '1.5', '1e3', ' 1', '9007199254740992', 1.5, Number.NaN, 2n ** 60n])('%s is none', (offset) => {
    expect(fromOffset(offset)).toBeUndefined()
  })
})

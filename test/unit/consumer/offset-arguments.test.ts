import { describe, expect, it } from 'vitest'
import { parseCommit, parseSeek } from '../../../src/consumer/offset-arguments.js'
import { KafkaJSNonRetriableError } from '../../../src/errors/index.js'

const at = (over: object) => ({ topic: 't', partition: 0, offset: '1', ...over }) as never

describe.each([
  ['seek', parseSeek],
  ['commitOffsets', parseCommit],
])('%s', (_name, parse) => {
  it.each([
    [{ topic: undefined }, 'Invalid topic undefined'],
    [{ topic: '' }, 'Invalid topic '],
    [{ topic: 5 }, 'Invalid topic 5'],
    [{ partition: 'ABC' }, 'Invalid partition, expected a number received ABC'],
    [{ partition: undefined }, 'Invalid partition, expected a number received undefined'],
    [{ offset: 'ABC' }, 'Invalid offset, expected a long received ABC'],
    [{ offset: 1.5 }, 'Invalid offset, expected a long received 1.5'],
    [{ offset: '-3' }, 'Offset must not be a negative number'],
  ])('refuses %j', (over, message) => {
    expect(() => parse(at(over))).toThrow(new KafkaJSNonRetriableError(message))
  })

  it.each(['12', 12, 12n])('takes %s', (offset) => {
    expect(String(parse(at({ offset })).offset)).toBe('12')
  })
})

it('lets seek, and only seek, name the ends', () => {
  expect(parseSeek(at({ offset: '-1' })).offset).toBe(-1)
  expect(parseSeek(at({ offset: '-2' })).offset).toBe(-2)
  expect(() => parseCommit(at({ offset: '-1' }))).toThrow('Offset must not be a negative number')
})

it('takes a note with a commit that is text or nothing', () => {
  expect(() => parseCommit(at({ metadata: 'note' }))).not.toThrow()
  expect(() => parseCommit(at({ metadata: null }))).not.toThrow()
  expect(() => parseCommit(at({ metadata: 3 }))).toThrow('Invalid offset metadata, expected string or null, received 3')
})

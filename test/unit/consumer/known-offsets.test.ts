import { expect, it } from 'vitest'
import { KnownOffsets } from '../../../src/consumer/known-offsets.js'

const event = (sequenceNumber: number, offset: string) => {
  const number = Number(offset)
  return { sequenceNumber, offset, wholeOffset: String(number) === offset ? number : Number.NaN }
}

it('knows the offsets of its events, of whatever form, and of no others', () => {
  const offsets = [
    [7, '4311814000'],
    [8, 'dz:1'],
    [9, '0'],
    [10, '007'],
    // Compacted event hubs have gaps.
    [15, '99'],
    [16, ''],
  ] as const
  const known = new KnownOffsets(offsets.map(([number, offset]) => event(number, offset)))
  for (const [number, offset] of offsets) expect(known.of(number)).toBe(offset)
  for (const number of [-1, 6, 11, 12, 14, 17]) expect(known.of(number)).toBeUndefined()
  expect(new KnownOffsets([]).of(0)).toBeUndefined()
})

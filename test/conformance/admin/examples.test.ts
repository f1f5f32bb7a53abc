import { expect, it } from 'vitest'
import { main as tour } from '../../../examples/admin-tour.js'

it('the tour shows the lag, moves the group back and reads again', async () => {
  const lines: string[] = []
  const seen = await tour(undefined, (line) => lines.push(line))
  expect(seen).toEqual({
    first: ['a', 'b', 'c', 'd', 'e', 'f'],
    lag: 2,
    again: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
  })
  expect(lines).toHaveLength(5)
})

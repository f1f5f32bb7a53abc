import { expect, it } from 'vitest'
import { soak } from './soak.js'

/** `npm run soak` for half a minute. */
it('a group and its producers come through half a minute of trouble', async () => {
  const lines: string[] = []
  const verdict = await soak({
    duration: 30_000,
    seed: 1,
    store: 'file',
    members: 2,
    pause: 1000,
    every: 10_000,
    print: (line) => lines.push(line),
  })
  expect({ ...verdict, lines }).toMatchObject({ failures: [] })
  expect(verdict.produced).toBeGreaterThan(100)
})

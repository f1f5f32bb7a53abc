import { expect, test } from 'vitest'
import { LagHistory, MOST_SAMPLES } from '../../src/cli/console/lag-history.js'

test('the lag of a group is remembered for so many samples, and no longer', async () => {
  let lag = 0
  const history = new LagHistory(
    async (group) => ({ group, state: 'Stable', members: [], partitions: [], lag: String(lag++) }) as never,
    60_000,
  )
  for (let look = 0; look < MOST_SAMPLES; look++) await history.look('billing')
  const { history: samples } = await history.look('billing')
  expect(samples).toHaveLength(MOST_SAMPLES)
  expect([samples[0]?.lag, samples.at(-1)?.lag]).toEqual([1, MOST_SAMPLES])
  history.close()
})

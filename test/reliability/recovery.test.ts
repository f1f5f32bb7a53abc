import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Member, monotonicNow } from '../support/members.js'
import { scaled } from '../support/pace.js'
import { deployAnew, handoverLimit, silenceLimit, situations } from './recovery/situations.js'
import { openStage } from './recovery/stage.js'
import { toRecoveryTable } from './recovery/table.js'
import { tableIn } from './table.js'

/** `npm run recovery` with one group and two of its situations, and with room for a machine that does other things. */
it('a deployment pauses a partition for a heartbeat, a killed member for a session time-out; nothing is lost', async () => {
  const timings = { sessionTimeout: Math.round(scaled(3000)), heartbeatInterval: 300 }
  await using stage = await openStage({ timings, partitions: 6, members: 2 })
  const { recovery: pause } = await deployAnew(stage)
  expect(pause).toBeLessThan(scaled(5 * handoverLimit(timings)))

  const killed = stage.members.at(-1) as Member
  const since = monotonicNow()
  killed.kill('SIGKILL')
  const recovery = await stage.recovered(since)
  expect(recovery).toBeLessThan(scaled(3 * silenceLimit(timings)))
  expect(await stage.finish()).toEqual([])
})

it('docs/reliability.md tells of every situation', () => {
  const page = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8')
  const withoutFigures = (table: string) => table.split('\n').map((row) => row.split(' | ').slice(0, -1))
  const none = toRecoveryTable(
    situations.map((situation) => ({ situation, figures: [] })),
    { sessionTimeout: 1, heartbeatInterval: 1 },
  )
  expect(withoutFigures(tableIn(page, 'recovery'))).toEqual(withoutFigures(none))
})

/**
 * `npm run recovery` measures how long a group takes to recover, and writes the table in docs/reliability.md; with names
 * of situations behind `--`, or parts of them, it measures those and writes nothing. It fails where one takes longer than
 * the settings say, with room for a busy machine.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { scaled } from '../../support/pace.js'
import { withTable } from '../table.js'
import { situations } from './situations.js'
import { median, type Row, toRecoveryTable } from './table.js'

const PAGE = new URL('../../../docs/reliability.md', import.meta.url)
/** Half of the defaults. */
const timings = { sessionTimeout: 15_000, heartbeatInterval: 1500 }

const chosen = process.argv.slice(2)
const rows: Row[] = []
for (const situation of situations) {
  if (chosen.length > 0 && !chosen.some((part) => situation.name.includes(part))) continue
  const figures = []
  for (let round = 0; round < situation.rounds; round++) {
    try {
      const found = await situation.measure(timings)
      console.log(`${situation.name}: ${Math.round(found.recovery)} ms`, found.more ?? '')
      figures.push(found)
    } catch (error) {
      console.error(`${situation.name}: ${error}`)
      process.exitCode = 1
    }
  }
  rows.push({ situation, figures })
  const [recovery, limit] = [median(figures.map((one) => one.recovery)), scaled(situation.limit(timings))]
  if (recovery <= limit) continue
  console.error(`SLOW: ${situation.name}: ${Math.round(recovery)} ms of ${Math.round(limit)}`)
  process.exitCode = 1
}
const table = toRecoveryTable(rows, timings)
console.log(table)
if (chosen.length === 0) writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), table, 'recovery'))

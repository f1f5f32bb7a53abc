import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { eventually } from '../support/eventually.js'
import { activities, type MatrixActivity } from './activities.js'
import { faults, inject, type MatrixFault } from './faults.js'
import { outcomesOf, toTable, withTable } from './table.js'

const PAGE = new URL('../../docs/reliability.md', import.meta.url)
/** Steps that have to succeed before a fault strikes, and after it is over. */
const STEPS = 5
const RECOVERED_WITHIN_MS = 15_000

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
const recoveries = new Map<string, number>()
let emulator: Emulator

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled)
  emulator = await startEmulator({ autoCreateEventHubs: false })
})

afterAll(async () => {
  process.off('unhandledRejection', onUnhandled)
  await emulator.close()
})

/** One cell of the table: an activity, a fault in the middle of it, and the books afterwards. */
async function strike(activity: MatrixActivity, fault: MatrixFault): Promise<void> {
  const topic = `t-${activities.indexOf(activity)}-${faults.indexOf(fault)}`
  emulator.eventHubs.create({ name: topic, partitionCount: 2 })
  const held = heldResources()
  const running = await activity.start(emulator, topic)
  try {
    await eventually(() => running.done >= STEPS)
    await inject(fault, emulator, topic)
    const over = performance.now()
    const before = running.done
    await eventually(() => running.done > before, { timeout: RECOVERED_WITHIN_MS })
    recoveries.set(`${fault.name}|${activity.name}`, performance.now() - over)
    await eventually(() => running.done >= before + STEPS, { timeout: RECOVERED_WITHIN_MS })
    expect(await running.finish()).toEqual([])
  } finally {
    emulator.faults.clear()
    await running[Symbol.asyncDispose]()
  }
  expect(unhandled.splice(0)).toEqual([])
  await eventually(() => {
    expect(emulator.stats).toMatchObject({ openConnections: 0, openLinks: 0 })
    expect(heldResources()).toEqual(held)
  })
}

/** Sockets and timers that keep the process alive, by kind. */
function heldResources(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0, TLSWrap: 0, Timeout: 0 }
  for (const name of process.getActiveResourcesInfo()) if (name in counts) counts[name] = (counts[name] ?? 0) + 1
  // The test runner has timers of its own, which come and go.
  delete counts['Timeout']
  return counts
}

describe.each(activities)('$name', (activity) => {
  it.each(faults)('goes on when $name', (fault) => strike(activity, fault))
})

it('docs/reliability.md has the table', () => {
  const page = readFileSync(PAGE, 'utf8')
  if (process.env['UPDATE_DOCS']) {
    writeFileSync(PAGE, withTable(page, toTable(faults, activities, recoveries)))
    return
  }
  expect(outcomesOf(page)).toEqual(outcomesOf(withTable(page, toTable(faults, activities, recoveries))))
})

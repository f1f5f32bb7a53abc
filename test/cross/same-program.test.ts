import * as kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import * as ours from '../../src/index.js'
import { type Allowed, allowedDifferences } from './differences.js'
import { PARTITIONS, type Program, programs, TOPIC } from './programs.js'

/** One field that differs. */
interface Difference {
  readonly path: string
  readonly kafkajs: unknown
  readonly ours: unknown
}

function differences(a: unknown, b: unknown, path: string): Difference[] {
  if (Object.is(a, b)) return []
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return [{ path, kafkajs: a, ours: b }]
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].flatMap((name) => {
    const [left, right] = [(a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]]
    return differences(left, right, `${path}.${name}`)
  })
}

async function runBoth(program: Program) {
  const start = () =>
    startEmulator({ autoCreateEventHubs: false, eventHubs: [{ name: TOPIC, partitionCount: PARTITIONS }] })
  const [first, second] = await Promise.all([start(), start()])
  const quiet = { logLevel: kafkajs.logLevel.NOTHING }
  try {
    return await Promise.all([
      program(new kafkajs.Kafka({ ...quiet, ...first.kafkaEndpointConfig({ clientId: 'twice' }) })),
      program(new ours.Kafka({ ...quiet, ...second.kafkaConfig({ clientId: 'twice' }) }) as unknown as kafkajs.Kafka),
    ])
  } finally {
    await Promise.all([first.close(), second.close()])
  }
}

/** The differences that are not allowed, and what allowed the others. */
async function compare(name: string, program: Program) {
  const [theirs, own] = await runBoth(program)
  const used = new Set<Allowed>()
  const unexpected = differences(theirs, own, name).filter((difference) => {
    const allowed = allowedDifferences.find(
      ({ path, holds = () => true }) => path.test(difference.path) && holds(difference.kafkajs, difference.ours),
    )
    if (allowed) used.add(allowed)
    return allowed === undefined
  })
  return { unexpected, used }
}

describe('the same program on kafkajs and on this library', () => {
  const comparisons = new Map<string, ReturnType<typeof compare>>()
  /** Run once, whichever test asks first. */
  const comparisonOf = (name: string, program: Program) => {
    const comparison = comparisons.get(name) ?? compare(name, program)
    comparisons.set(name, comparison)
    return comparison
  }

  beforeAll(() => {
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  })
  afterAll(() => {
    delete process.env['KAFKAJS_NO_PARTITIONER_WARNING']
  })

  it.concurrent.each(Object.entries(programs))('sees the same: %s', async (name, program) => {
    const { unexpected } = await comparisonOf(name, program)
    expect(unexpected).toEqual([])
  })

  it('differs in everything that is listed, and docs/compatibility.md says so', async () => {
    const { readFile } = await import('node:fs/promises')
    const page = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
    const all = await Promise.all(Object.entries(programs).map(([name, program]) => comparisonOf(name, program)))
    const used = all.flatMap((comparison) => [...comparison.used])
    for (const allowed of allowedDifferences) {
      expect(used, `nothing differs any more in: ${allowed.what}`).toContain(allowed)
      expect(page).toContain(`| ${allowed.what} | ${allowed.why} |`)
    }
  })
})

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

describe('the same program on kafkajs and on this library', () => {
  const used = new Set<Allowed>()
  beforeAll(() => {
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
  })
  afterAll(() => {
    delete process.env['KAFKAJS_NO_PARTITIONER_WARNING']
  })

  it.concurrent.each(Object.entries(programs))('sees the same: %s', async (name, program) => {
    const [theirs, own] = await runBoth(program)
    const found = differences(theirs, own, name)
    const unexpected = found.filter((difference) => {
      const allowed = allowedDifferences.find(
        ({ path, holds = () => true }) => path.test(difference.path) && holds(difference.kafkajs, difference.ours),
      )
      if (allowed) used.add(allowed)
      return allowed === undefined
    })
    expect(unexpected).toEqual([])
  })

  it('differs in everything that is listed, and docs/compatibility.md says so', async () => {
    const { readFile } = await import('node:fs/promises')
    const page = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
    for (const allowed of allowedDifferences) {
      expect(used, `nothing differs any more in: ${allowed.what}`).toContain(allowed)
      expect(page).toContain(`| ${allowed.what} | ${allowed.why} |`)
    }
  })
})

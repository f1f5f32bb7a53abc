import { expect, it } from 'vitest'
import { scaled } from '../support/pace.js'
import { startProgram } from '../support/processes.js'
import type { IdempotentLine } from './idempotent-program.js'

/**
 * Every fault of the emulator alone and in pairs. `SEEDS=50 npx vitest run test/reliability/idempotent.test.ts` runs all
 * of them with so many seeds; without it a part of them with one.
 */
const count = Number(process.env['SEEDS'] ?? 0)
const seeds = count > 0 ? Array.from({ length: count }, (_, index) => index + 1) : [1]

it(
  'leaves one copy of each message, in order, whatever goes wrong, and lets the process end',
  async () => {
    const program = startProgram<IdempotentLine>(new URL('idempotent-program.ts', import.meta.url), {
      env: { RUN: JSON.stringify({ seeds, every: count > 0 ? 1 : 3 }) },
    })
    await program.waitFor(({ type }) => type === 'done', 60_000 + count * 60_000)
    const done = performance.now()
    const { code } = await program.ended
    const ending = performance.now() - done
    const runs = program.lines.filter((line) => line.type === 'run')
    expect(runs.length).toBeGreaterThanOrEqual(18)
    expect(runs.filter(({ faults }) => faults.length > 0)).toEqual([])
    expect(Math.max(...runs.map(({ disconnecting }) => disconnecting))).toBeLessThan(scaled(3000))
    expect(code).toBe(0)
    expect(ending).toBeLessThan(scaled(1000))
  },
  120_000 + count * 60_000,
)

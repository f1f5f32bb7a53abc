import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { assertBuilt } from './repository.js'

const pathOf = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
const run = promisify(execFile)

assertBuilt()

it('quick-start.cjs runs as it stands', async () => {
  const { stdout } = await run(process.execPath, [pathOf('quick-start.cjs')])
  expect(stdout).toMatch(/^greetings\[\d\] en: hello\n$/)
})

it('graceful-shutdown finishes the message at hand on SIGTERM', async () => {
  const running = run(process.execPath, ['--import', 'tsx', pathOf('graceful-shutdown.ts')])
  running.child.stdout?.on('data', (text: string) => {
    if (text.includes('begun job 3')) running.child.kill('SIGTERM')
  })
  const { stdout } = await running
  const [, begun, finished] = /begun (\d+), finished (\d+)/.exec(stdout) ?? []
  expect(Number(begun)).toBeGreaterThan(0)
  expect(begun).toBe(finished)
})

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { runCli } from '../support/cli.js'

test.each<[args: string[], code: number, text: string]>([
  [['--help'], 0, 'emulator [options]'],
  [[], 0, 'emulator [options]'],
  [['emulate'], 2, "unknown command 'emulate'"],
  [['--bogus'], 2, "unknown option '--bogus'"],
])('%j', async (args, code, text) => {
  const { output, exit } = runCli(...args)
  expect(await exit).toBe(code)
  expect(output()).toContain(text)
  expect(output()).not.toContain('    at ')
})

test('tells the version of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  const { output, exit } = runCli('--version')
  expect(await exit).toBe(0)
  expect(output()).toBe(`${version}\n`)
})

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.js'
import { processTerminal } from '../../src/cli/terminal.js'
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

test('has no option that its documents leave out', async () => {
  const pages = ['cli', 'console', 'emulator'].map((name) => readFile(`docs/${name}.md`, 'utf8'))
  const text = (await Promise.all(pages)).join('\n')
  const optionsOf = ({ options, commands }: Command): string[] => [
    ...options.map(({ long }) => long ?? ''),
    ...commands.flatMap(optionsOf),
  ]
  const named = new Set(text.match(/--[a-z][a-z-]*/g))
  expect(optionsOf(createProgram(processTerminal())).filter((option) => !named.has(option))).toEqual([])
})

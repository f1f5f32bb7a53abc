import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runCommand } from '../support/cli.js'

/** What bash offers for a command line, after its script was sourced. */
async function complete(script: string, ...words: string[]): Promise<string[]> {
  const program = `${script}
COMP_WORDS=(kafkajs-eventhubs ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_kafkajs_eventhubs
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['-c', program], { cwd: '/' })
  return stdout.split('\n').filter((line) => line !== '')
}

test('offers commands, commands of commands and their options to bash', async () => {
  const { output: script, code } = await runCommand(['completion', 'bash'])
  expect(code).toBe(0)
  expect(await complete(script, 'to')).toEqual(['topics'])
  expect(await complete(script, 'topics', '')).toEqual(expect.arrayContaining(['list', 'describe', 'create', 'delete']))
  expect(await complete(script, 'topics', 'create', '--part')).toEqual(['--partitions'])
  expect(await complete(script, 'consume', 'orders', '--from')).toEqual(['--from-beginning'])
})

test('has a script for zsh', async () => {
  const { output } = await runCommand(['completion', 'zsh'])
  expect(output).toMatch(/^#compdef kafkajs-eventhubs\n/)
})

import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

const hasZsh = spawnSync('zsh', ['--version']).status === 0

/** Types each line and Tab into a zsh of its own, after `setup`; prints the lines as they are then. */
const TYPIST = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=''; stty -echo; bindkey -e; $1; print READY-$((1+1))"
zpty -r z out '*READY-2*'
shift
for line in "$@"; do
  zpty -w -n z "$line"$'\\t'
  zpty -w -n z $'\\C-aprint -r -- "<<\\C-e>>"\\n'
  zpty -r z out $'*\\n<<*>>*'
  print -r -- "\${out##*$'\\n'<<}"
done
zpty -d z`

/** The lines zsh makes of others on Tab. */
async function completeInZsh(setup: string, lines: readonly string[]): Promise<string[]> {
  const options = { cwd: '/', timeout: 60_000 }
  const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', TYPIST, 'zsh', setup, ...lines], options)
  return [...stdout.matchAll(/^(.*)>>\r?$/gm)].map(([, line = '']) => line)
}

describe.skipIf(!hasZsh)(`in zsh${hasZsh ? '' : ' (it is not installed: apt-get install zsh)'}`, () => {
  let folder: string
  let script: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'completion-'))
    script = join(folder, '_kafkajs-eventhubs')
    const { output, code } = await runCommand(['completion', 'zsh'])
    expect(code).toBe(0)
    await writeFile(script, output)
    await writeFile(join(folder, 'orders.json'), '')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const typed = [
    'kafkajs-eventhubs to',
    'kafkajs-eventhubs topics cr',
    'kafkajs-eventhubs topics create --part',
    'kafkajs-eventhubs consume orders --from',
  ]
  const completed = [
    'kafkajs-eventhubs topics',
    'kafkajs-eventhubs topics create',
    'kafkajs-eventhubs topics create --partitions',
    'kafkajs-eventhubs consume orders --from-beginning',
  ]

  test('offers commands, commands of commands and their options when sourced', async () => {
    expect(await completeInZsh(`source ${script}`, typed)).toEqual(completed)
  })

  test('does so when it lies among the functions, files included', async () => {
    const setup = `fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -d ${folder}/dump`
    const file = `kafkajs-eventhubs produce orders --file ${folder}/orders`
    expect(await completeInZsh(setup, [...typed, file])).toEqual([...completed, `${file}.json`])
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { assertBuilt, repository, run } from './repository.js'

beforeAll(assertBuilt)

async function shellBlocks(): Promise<string[]> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  return [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
}

it('has one-liners that run as printed', async () => {
  const [first, second, ...others] = (await shellBlocks()).filter((block) => block.startsWith('node '))
  expect(others).toEqual([])
  const producer = await run('bash', ['-c', first ?? ''])
  expect(producer.stdout).toBe('connect disconnect isIdempotent events on send sendBatch transaction logger\n')
  const roundTrip = await run('bash', ['-c', second ?? ''])
  expect(roundTrip.stdout).toBe('en: hello\n')
  expect(roundTrip.stderr).toBe('')
})

it('names only scripts that exist', async () => {
  const { scripts } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { scripts: object }
  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    const text = await readFile(join(repository, file), 'utf8')
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
  }
})

it('links to files that exist', async () => {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  for (const [, target = ''] of readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
    await expect(readFile(join(repository, target)), target).resolves.toBeDefined()
  }
})

it('has a demo that does the main job, cleanly where there is no terminal', async () => {
  const { stdout, stderr } = await run('npm', ['run', '--silent', 'demo'])
  expect(stderr).not.toContain('Error')
  for (const control of ['\r', '\u001b']) expect(stdout).not.toContain(control)
  expect(stdout).toContain('Produced 1707/1707\nConsumed 1707/1707\n')
  expect(stdout).toMatch(/partition {2}messages {2}last offset {2}lag\n( +[0-3] +\d+ +\d+ +0\n){4}/)
  expect(stdout).toMatch(/Started again at committed offset \d+/)
})

import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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

/** Titles as GitHub makes anchors of them. */
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of markdown.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)) {
    anchors.add(
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    )
  }
  return anchors
}

it('has pages whose links lead somewhere, and an index of them all', async () => {
  const names = (await readdir(join(repository, 'docs'))).filter((name) => name.endsWith('.md'))
  const pages = ['README.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md', ...names.map((name) => `docs/${name}`)]
  for (const page of pages) {
    const text = (await readFile(join(repository, page), 'utf8')).replace(/^```[\s\S]*?^```$/gm, '')
    for (const [, target = ''] of text.matchAll(/\]\(((?!https?:)[^)\s]+)\)/g)) {
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? join(repository, page) : join(repository, dirname(page), file)
      await expect(stat(path), `${page}: ${target}`).resolves.toBeDefined()
      if (anchor !== undefined && path.endsWith('.md')) {
        expect(anchorsOf(await readFile(path, 'utf8')), `${page}: ${target}`).toContain(anchor)
      }
    }
  }
  const index = await readFile(join(repository, 'docs/README.md'), 'utf8')
  for (const name of names.filter((name) => name !== 'README.md')) expect(index).toContain(`](${name}`)
})

it('has a demo that does the main job, cleanly where there is no terminal', async () => {
  const { stdout, stderr } = await run('npm', ['run', '--silent', 'demo'])
  expect(stderr).not.toContain('Error')
  for (const control of ['\r', '\u001b']) expect(stdout).not.toContain(control)
  expect(stdout).toContain('Produced 1707/1707\nConsumed 1707/1707\n')
  expect(stdout).toMatch(/partition {2}messages {2}last offset {2}lag\n( +[0-3] +\d+ +\d+ +0\n){4}/)
  expect(stdout).toMatch(/Started again at committed offset \d+/)
})

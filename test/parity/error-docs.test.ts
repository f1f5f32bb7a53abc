import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorDocs, firstErrors } from '../../scripts/error-docs.js'
import { eventHubsOptionNames } from '../../src/config/unknown-options.js'

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

it('docs/errors.md says what the tables in the code say: npm run docs:errors', () => {
  expect(page('errors.md')).toBe(errorDocs())
})

it('the first errors of docs/errors.md have words that the code has', () => {
  const root = new URL('../../src/', import.meta.url)
  const files = (readdirSync(root, { recursive: true }) as string[]).filter(
    (name) => name.endsWith('.ts') && !/^(emulator|cli)\//.test(name),
  )
  const code = files.map((name) => readFileSync(new URL(name, root), 'utf8')).join('\n')
  for (const [words] of firstErrors) expect(code).toContain(words)
})

it('docs/configuration.md has every option of eventHubs', () => {
  const configuration = page('configuration.md')
  for (const name of eventHubsOptionNames) expect(configuration).toContain(`\n### \`${name}\`\n`)
})

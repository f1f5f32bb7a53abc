import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorDocs } from '../../scripts/error-docs.js'
import { eventHubsOptionNames } from '../../src/config/unknown-options.js'

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

it('docs/errors.md says what the tables in the code say: npm run docs:errors', () => {
  expect(page('errors.md')).toBe(errorDocs())
})

it('docs/configuration.md has every option of eventHubs', () => {
  const configuration = page('configuration.md')
  for (const name of eventHubsOptionNames) expect(configuration).toContain(`\n### \`${name}\`\n`)
})

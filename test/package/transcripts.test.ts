import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { runTranscripts, withoutChance } from '../../scripts/transcripts.js'
import { assertBuilt, repository } from './repository.js'

beforeAll(assertBuilt)

it('prints what docs/cli.md shows', { timeout: 180_000 }, async () => {
  const text = await readFile(join(repository, 'docs/cli.md'), 'utf8')
  expect(withoutChance(await runTranscripts(text))).toBe(withoutChance(text))
})

/** What must be true before the package is published; `npm publish` asks. */
import { readFile } from 'node:fs/promises'

const read = (file: string) => readFile(new URL(`../${file}`, import.meta.url), 'utf8')

const manifest = await read('package.json')
const { version } = JSON.parse(manifest) as { version: string }
const problems: string[] = []
if (manifest.includes('/OWNER/')) problems.push('package.json: repository, homepage and bugs still say OWNER')
const [, title = ''] = /^## (.*)$/m.exec(await read('CHANGELOG.md')) ?? []
if (!new RegExp(`^${version.replaceAll('.', '\\.')} – \\d{4}-\\d\\d-\\d\\d$`).test(title)) {
  problems.push(`CHANGELOG.md: the top section should be "${version} – <date>", it is "${title}"`)
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
if (problems.length) process.exitCode = 1

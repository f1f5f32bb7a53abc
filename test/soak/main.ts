/** `npm run soak -- --minutes 10 --seed 1 --store file --members 3` */
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { soak } from './soak.js'
import { troubles } from './trouble.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', default: 'file' },
    members: { type: 'string', default: '3' },
    only: { type: 'string' },
    journal: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(
    'npm run soak -- --minutes N --seed S --store file|blob --members M [--only "fault,fault"] [--journal FILE]',
  )
  console.log(`Faults: ${Object.keys(troubles).join(', ')}`)
  process.exit(0)
}
const store = values.store === 'blob' ? 'blob' : 'file'
const journal = values.journal ? createWriteStream(values.journal) : undefined
const verdict = await soak({
  duration: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  store,
  members: Number(values.members),
  ...(values.only && { only: values.only.split(',') }),
  ...(journal && { journal: (who, what) => journal.write(`${new Date().toISOString()} ${who}: ${what}\n`) }),
  print: (line) => console.log(line),
})
const { failures, produced, handled, duplicates, faults } = verdict
console.log(
  `faults: ${Object.entries(faults)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')}`,
)
console.log(`acknowledged ${produced} · handled ${handled} · again ${duplicates}`)
for (const failure of failures) console.error(`FAILED: ${failure}`)
console.log(failures.length === 0 ? 'passed' : `failed: ${failures.length}`)
process.exitCode = failures.length === 0 ? 0 : 1

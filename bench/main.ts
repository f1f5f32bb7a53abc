/**
 * `npm run bench` measures against the raw SDK, on the same emulator in another process, in the same run; with names
 * behind `--`, these scenarios only, and with `--quick` fewer rounds, of the scenarios that take seconds. Figures are
 * medians; the ratios are what to quote.
 */
import { consume } from './consume.js'
import { type Bench, openBench } from './emulator.js'
import { emulator } from './emulator-throughput.js'
import { group } from './group.js'
import { importTime } from './import.js'
import { kafka } from './kafka.js'
import { latency } from './latency.js'
import { isQuick } from './measure.js'
import { memory } from './memory.js'
import { idempotent, produce, singleSends } from './produce.js'
import { storage } from './storage.js'
import { topics } from './topics.js'

const scenarios: Record<string, (bench: Bench) => Promise<void>> = {
  produce,
  'single-sends': singleSends,
  idempotent,
  consume,
  latency,
  import: importTime,
  topics,
  memory,
  group,
  storage,
  kafka,
  emulator,
}

/** These have no figure that a run of seconds could tell. */
const slow = new Set(['memory', 'group', 'storage', 'kafka', 'emulator'])

const chosen = process.argv.slice(2).filter((name) => name !== '--quick')
for (const name of chosen) {
  if (!scenarios[name])
    throw new Error(`There is no scenario "${name}": choose from ${Object.keys(scenarios).join(', ')}`)
}

for (const [name, scenario] of Object.entries(scenarios)) {
  if (chosen.length > 0 ? !chosen.includes(name) : isQuick && slow.has(name)) continue
  const bench = await openBench()
  await scenario(bench)
  await bench.close()
}

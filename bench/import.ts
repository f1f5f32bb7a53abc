import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isQuick, median } from './measure.js'

const ROUNDS = isQuick ? 5 : 15
const packages = ['kafkajs-eventhubs', 'kafkajs', '@azure/event-hubs']
const run = promisify(execFile)

/** Loading a package in a process of its own, as CommonJS and as an ES module. */
export async function importTime(): Promise<void> {
  await compareLoads('require', (name) => ['-e', timed(`require('${name}')`)])
  await compareLoads('import', (name) => ['--input-type=module', '-e', timed(`await import('${name}')`)])
}

const timed = (load: string) => `const begun = performance.now(); ${load}; console.log(performance.now() - begun)`

async function compareLoads(title: string, argumentsFor: (name: string) => string[]): Promise<void> {
  const times = new Map(packages.map((name): [string, number[]] => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of packages) {
      const { stdout } = await run(process.execPath, argumentsFor(name))
      // The first finds nothing in the file system's cache.
      if (round >= 0) times.get(name)?.push(Number(stdout))
    }
  }
  const medians = packages.map((name) => median(times.get(name) ?? []))
  console.log(`\nimport: ${title} in a new process, median of ${ROUNDS}`)
  for (const [index, name] of packages.entries()) {
    const ratio = index > 0 ? `  ours ÷ it ${(medians[0]! / medians[index]!).toFixed(2)}` : ''
    console.log(`  ${name.padEnd(18)} ${medians[index]!.toFixed(0).padStart(8)} ms${ratio}`)
  }
}

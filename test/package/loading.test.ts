import { beforeAll, expect, it } from 'vitest'
import { assertBuilt, run } from './repository.js'

beforeAll(assertBuilt)

const packages = ['kafkajs-eventhubs', 'kafkajs', '@azure/event-hubs'] as const
type Package = (typeof packages)[number]

const programs = {
  require: (name: string) => `const t = performance.now(); require('${name}'); console.log(performance.now() - t)`,
  import: (name: string) => `const t = performance.now(); await import('${name}'); console.log(performance.now() - t)`,
}

/** The shortest of several times each, ms: what else the machine does only ever adds. Taken in turns. */
async function loadingTimes(way: keyof typeof programs): Promise<Record<Package, number>> {
  const times = { 'kafkajs-eventhubs': Infinity, kafkajs: Infinity, '@azure/event-hubs': Infinity }
  for (let round = 0; round < 5; round++) {
    for (const name of packages) {
      const type = way === 'import' ? 'module' : 'commonjs'
      const { stdout } = await run('node', [`--input-type=${type}`, '-e', programs[way](name)])
      times[name] = Math.min(times[name], Number(stdout))
    }
  }
  return times
}

it.each(['require', 'import'] as const)(
  'is loaded by %s in at most 1.5 times what kafkajs takes, and 1.2 times what the SDK takes',
  async (way) => {
    const times = await loadingTimes(way)
    expect(times['kafkajs-eventhubs'] / times.kafkajs).toBeLessThanOrEqual(1.5)
    expect(times['kafkajs-eventhubs'] / times['@azure/event-hubs']).toBeLessThanOrEqual(1.2)
  },
  120_000,
)

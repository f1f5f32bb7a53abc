import type { EventHubsOptions } from '../types/index.js'

/** Every option of `eventHubs`: the compiler asks for those that are missing. */
const options: Record<keyof EventHubsOptions, true> = {
  connectionString: true,
  auth: true,
  transport: true,
  proxy: true,
  customEndpointAddress: true,
  checkpointStore: true,
  consumerGroup: true,
  management: true,
  transactions: true,
  compression: true,
  maxBatchSize: true,
  prefetchCount: true,
  undecodable: true,
}

export const eventHubsOptionNames: readonly string[] = Object.keys(options)

/** One sentence for each option of `eventHubs` that there is not, with the name that comes nearest. */
export function unknownOptions(eventHubs: object | null | undefined): string[] {
  const known = eventHubsOptionNames
  return Object.keys(eventHubs ?? {})
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestOf(name, known)
      const hint = nearest ? `: did you mean eventHubs.${nearest}?` : `; there are ${known.join(', ')}`
      return `eventHubs.${name} is not an option and has no effect${hint}`
    })
}

/** The name that a misspelt one stands for; undefined when none is near. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distanceOf(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}

/** The number of letters to be changed, added or left out. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

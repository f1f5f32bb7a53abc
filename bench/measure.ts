/** With `--quick`, fewer rounds of the rows that matter. */
export const isQuick = process.argv.includes('--quick')

/** One run of one side. */
export interface Sample {
  /** ms. */
  readonly elapsed: number
  /** µs of this process's CPU. */
  readonly cpu: number
  readonly messages: number
}

/** Times an operation that moves `messages`. */
export async function measure(messages: number, operation: () => Promise<void>): Promise<Sample> {
  globalThis.gc?.()
  const cpuBefore = process.cpuUsage()
  const before = performance.now()
  await operation()
  const elapsed = performance.now() - before
  const { user, system } = process.cpuUsage(cpuBefore)
  return { elapsed, cpu: user + system, messages }
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Side {
  readonly name: string
  run(): Promise<Sample>
}

/**
 * Runs sides in turn, so that what else the machine does falls on all, and prints their medians, and of the first the
 * ratio to each of the others.
 */
export async function compare(title: string, rounds: number, ...sides: readonly Side[]): Promise<void> {
  const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]))
  for (const side of sides) await side.run() // Warms up; not counted.
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) samples.get(side)?.push(await side.run())
  }
  const figures = ([...samples] as const).map(([{ name }, list]) => ({
    name,
    rate: median(list.map(({ messages, elapsed }) => (messages / elapsed) * 1000)),
    cpu: median(list.map(({ messages, cpu }) => cpu / messages)),
  }))
  console.log(`\n${title}`)
  for (const { name, rate, cpu } of figures) {
    console.log(
      `  ${name.padEnd(18)} ${Math.round(rate).toLocaleString('en').padStart(10)} messages/s  ${cpu.toFixed(1).padStart(7)} µs CPU each`,
    )
  }
  const [ours, ...others] = figures
  for (const other of ours ? others : []) {
    const [rate, cpu] = [ours!.rate / other.rate, ours!.cpu / other.cpu]
    console.log(
      `  ${`÷ ${other.name}`.padEnd(18)} ${rate.toFixed(2).padStart(10)} throughput  ${cpu.toFixed(2).padStart(9)} CPU`,
    )
  }
}

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

/** Runs two sides in turn, so that what else the machine does falls on both, and prints medians and their ratios. */
export async function compare(title: string, rounds: number, ours: Side, raw: Side): Promise<void> {
  const samples = new Map<Side, Sample[]>([
    [ours, []],
    [raw, []],
  ])
  for (const side of [ours, raw]) await side.run() // Warms up; not counted.
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? [ours, raw] : [raw, ours]) samples.get(side)?.push(await side.run())
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
  const [a, b] = figures
  if (a && b)
    console.log(
      `  ratio              ${(a.rate / b.rate).toFixed(2).padStart(10)} throughput  ${(a.cpu / b.cpu).toFixed(2).padStart(9)} CPU`,
    )
}

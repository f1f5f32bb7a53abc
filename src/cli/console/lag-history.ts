import type { GroupReport } from '../group-report.js'

/** The lag of a group at a moment. */
export interface LagSample {
  /** ms since 1970. */
  readonly at: number
  readonly lag: number
}

/** Of one group; half an hour, where a sample is taken each second. */
export const MOST_SAMPLES = 1800
/** The time after which what nobody has looked at is not sampled any more. */
const FORGOTTEN_AFTER_MS = 60 * 60_000

/** The lag of the groups that somebody looks at, over time: sampled as long as the console runs. */
export class LagHistory {
  readonly #describe: (groupId: string) => Promise<GroupReport>
  readonly #samples = new Map<string, LagSample[]>()
  readonly #lookedAt = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #isSampling = false

  constructor(describe: (groupId: string) => Promise<GroupReport>, intervalMs: number) {
    this.#describe = describe
    this.#timer = setInterval(() => void this.#sample(), intervalMs).unref()
  }

  /** Looks at a group now, and keeps an eye on it from here on. */
  async look(groupId: string): Promise<{ report: GroupReport; history: readonly LagSample[] }> {
    this.#lookedAt.set(groupId, Date.now())
    const report = await this.#describe(groupId)
    this.#add(report)
    return { report, history: this.#samples.get(groupId) ?? [] }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #add({ group, lag }: GroupReport): void {
    const samples = this.#samples.get(group) ?? []
    samples.push({ at: Date.now(), lag: Number(lag) })
    if (samples.length > MOST_SAMPLES) samples.shift()
    this.#samples.set(group, samples)
  }

  /** One round at a time: a slow service is not asked more often than it answers. */
  async #sample(): Promise<void> {
    if (this.#isSampling) return
    this.#isSampling = true
    try {
      for (const [groupId, lookedAt] of this.#lookedAt) {
        if (Date.now() - lookedAt > FORGOTTEN_AFTER_MS) {
          this.#lookedAt.delete(groupId)
          this.#samples.delete(groupId)
          continue
        }
        // The page tells of failures when it asks itself; here a gap in the chart does.
        await this.#describe(groupId).then(
          (report) => this.#add(report),
          () => {},
        )
      }
    } finally {
      this.#isSampling = false
    }
  }
}

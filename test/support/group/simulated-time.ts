import type { Clock } from '../../../src/util/clock.js'

/** Time that passes only when it is told to, for any number of processes whose clocks and fates differ. */
export class SimulatedTime {
  #now = 0
  #order = 0
  /** Kept in the order of their times. */
  readonly #due: Due[] = []

  get now(): number {
    return this.#now
  }

  /** Runs what is due until then, one after the other, each with all that follows from it at the same moment. */
  async passUntil(end: number): Promise<void> {
    await runDry()
    for (let next = this.#due[0]; next && next.at <= end; next = this.#due[0]) {
      this.#due.shift()
      this.#now = Math.max(this.#now, next.at)
      const thawing = next.process?.frozenUntil ?? 0
      if (thawing > this.#now) {
        if (thawing < Number.POSITIVE_INFINITY) this.#add({ ...next, at: thawing, order: this.#order++ })
        continue
      }
      next.run()
      await runDry()
    }
    this.#now = end
  }

  /** Runs something later, if its process has not ended by then, and not before that is thawed. */
  at(at: number, run: () => void, process?: Process): () => void {
    const due: Due = { at, order: this.#order++, run, process }
    this.#add(due)
    return () => {
      const index = this.#due.indexOf(due)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }

  #add(due: Due): void {
    let index = this.#due.length
    while (index > 0 && isAfter(this.#due[index - 1] as Due, due)) index--
    this.#due.splice(index, 0, due)
  }
}

/** Promises are run dry before what is set for the next turn of the event loop. */
const runDry = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Something that can be frozen, for ever too. */
export interface Process {
  frozenUntil: number
}

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
  readonly process: Process | undefined
}

const isAfter = (a: Due, b: Due) => a.at > b.at || (a.at === b.at && a.order > b.order)

/**
 * The clock of one process: it began at another moment than the others' and goes a little fast or slow, and nothing of the
 * process runs while it is frozen.
 */
export function clockOf(
  time: SimulatedTime,
  process: Process,
  { rate, offset }: { rate: number; offset: number },
): Clock {
  const after = (ms: number, run: () => void) => time.at(time.now + ms / rate, run, process)
  return {
    now: () => offset + time.now * rate,
    after,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        const onAbort = () => {
          cancel()
          resolve()
        }
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
  }
}

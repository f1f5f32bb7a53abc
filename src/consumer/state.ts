import type { Run } from './run/run.js'

/**
 * The state of a consumer. `starting` and `running` have a run, which `seek`, `pause` and the like go to; `restarting`
 * waits after a crash, `crashed` does not begin again by itself.
 *
 * | from | to |
 * |---|---|
 * | idle | starting, restarting, crashed |
 * | starting | running, stopping |
 * | running | stopping |
 * | stopping | idle |
 * | restarting | starting, idle |
 * | crashed | starting, idle |
 */
export type ConsumerState =
  | { readonly name: 'idle' }
  | { readonly name: 'starting'; readonly run: Run }
  | { readonly name: 'running'; readonly run: Run }
  | { readonly name: 'stopping'; readonly run: Run }
  | { readonly name: 'restarting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'crashed' }

const next: Readonly<Record<ConsumerState['name'], readonly ConsumerState['name'][]>> = {
  idle: ['starting', 'restarting', 'crashed'],
  starting: ['running', 'stopping'],
  running: ['stopping'],
  stopping: ['idle'],
  restarting: ['starting', 'idle'],
  crashed: ['starting', 'idle'],
}

/** The one place where a consumer's state is kept and changed. */
export interface ConsumerStateMachine {
  readonly current: ConsumerState
  /** The run that goes on; undefined when idle, stopping, crashed or between two runs. */
  readonly run: Run | undefined
  /** The run that calls go to: also one that stops, whose handlers may still commit, seek and pause. */
  readonly called: Run | undefined
  /** Throws on a change the table does not have: a mistake of this package. */
  to(state: ConsumerState): void
}

export function createConsumerState(): ConsumerStateMachine {
  let current: ConsumerState = { name: 'idle' }
  return {
    get current() {
      return current
    },
    get run() {
      return current.name === 'starting' || current.name === 'running' ? current.run : undefined
    },
    get called() {
      return 'run' in current ? current.run : undefined
    },
    to(state) {
      if (!next[current.name].includes(state.name)) {
        throw new Error(`A consumer cannot go from ${current.name} to ${state.name}`)
      }
      if (current.name === 'restarting') clearTimeout(current.timer)
      current = state
    },
  }
}

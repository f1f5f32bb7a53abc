import type { Access } from './fault-filter.js'

/** A fault that is in force until it is used up, its time is over, or it is cleared. @public */
export interface Fault {
  /** The number of times it has struck. */
  readonly hits: number
  /** Ends it. May be called again. */
  clear(): void
}

/** A fault with what it strikes, of which it keeps count. */
export interface Rule<T = Access> extends Fault {
  strikes(target: T): boolean
}

/** The argument that goes with the first rule that strikes. */
export function firstStruck<A, T>(rules: ReadonlyMap<Rule<A>, T>, target: A): T | undefined {
  for (const [rule, value] of rules) if (rule.strikes(target)) return value
  return undefined
}

export interface RuleOptions {
  /** The number of times it strikes. Default: every one. */
  readonly times?: number | undefined
  /** The time at which it ends, by the monotonic clock. Default: never. */
  readonly until?: number | undefined
  /** Chance, where what fits is not struck always. */
  readonly chance?: () => boolean
  remove(): void
}

/** A rule that is removed when it has struck so many times, or is looked at after its time. */
export function createRule<A>(fitsRule: (access: A) => boolean, options: RuleOptions): Rule<A> {
  const { times = Number.POSITIVE_INFINITY, until = Number.POSITIVE_INFINITY, chance = () => true, remove } = options
  let hits = 0
  return {
    get hits() {
      return hits
    },
    clear: remove,
    strikes(target) {
      if (until !== Number.POSITIVE_INFINITY && !(performance.now() < until)) {
        remove()
        return false
      }
      if (!fitsRule(target) || !chance()) return false
      hits++
      if (hits >= times) remove()
      return true
    },
  }
}

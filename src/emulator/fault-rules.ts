import type { Access } from './fault-filter.js'

/** A fault that is in force until it is used up or cleared. @public */
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

/** A rule that is removed when it has struck so many times. */
export function createRule<A>(
  fitsRule: (access: A) => boolean,
  times = Number.POSITIVE_INFINITY,
  remove: () => void = () => {},
  condition: () => boolean = () => true,
): Rule<A> {
  let hits = 0
  return {
    get hits() {
      return hits
    },
    clear: remove,
    strikes(target) {
      if (!fitsRule(target) || !condition()) return false
      hits++
      if (hits >= times) remove()
      return true
    },
  }
}

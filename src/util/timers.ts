import * as timers from 'node:timers'

/** The longest wait of a timer, ms: setTimeout takes a signed 32-bit number, and fires at once for more. */
export const LONGEST_TIMER_MS = 2_147_483_647

/** A wait as a timer takes it. */
export const timerDelay = (ms: number): number => Math.min(Math.max(ms, 0), LONGEST_TIMER_MS)

/**
 * `setImmediate` as it is when the library is loaded: a program's tests may stop the clock later, and work that needs no
 * time must go on.
 */
export const soon: (work: () => void) => void = timers.setImmediate

/** The longest wait of a timer, ms: setTimeout takes a signed 32-bit number, and fires at once for more. */
export const LONGEST_TIMER_MS = 2_147_483_647

/** A wait as a timer takes it. */
export const timerDelay = (ms: number): number => Math.min(Math.max(ms, 0), LONGEST_TIMER_MS)

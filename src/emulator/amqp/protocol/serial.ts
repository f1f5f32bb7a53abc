/** Numbers of 32 bits that begin again at 0: delivery counts, transfer ids. RFC 1982, AMQP 1.0 §2.8.10. */

export const next = (value: number): number => (value + 1) >>> 0

export const plus = (value: number, count: number): number => (value + count) >>> 0

/** The steps from `b` to `a`; negative when `a` is behind. */
export const ahead = (a: number, b: number): number => (a - b) | 0

import { availableParallelism, loadavg } from 'node:os'

/**
 * A limit in milliseconds, as long as this machine needs now: a busy one gets more. Limits in tests are there to end what
 * hangs and to tell a wait of seconds from one of minutes; nothing in them may hinge on a quiet machine.
 */
export function scaled(milliseconds: number): number {
  const waitingForEachCore = (loadavg()[0] ?? 0) / availableParallelism()
  return milliseconds * Math.min(8, Math.max(1, 1.5 * waitingForEachCore))
}

import { type Clock, systemClock } from '../util/clock.js'
import { retry } from './retry.js'

const settings = { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 1000, retries: 3 }

/** Gives something up in the store, trying again: what is not given up stays taken for a session time-out. */
export const lastWrite = <T>(write: () => Promise<T>, clock: Pick<Clock, 'wait'> = systemClock): Promise<T> =>
  retry(write, settings, { wait: clock.wait })

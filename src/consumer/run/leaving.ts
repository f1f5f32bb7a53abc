import { isWithin } from '../../util/within.js'
import type { ConnectedRun } from './assembly.js'
import type { RunOptions } from './types.js'

/**
 * Leaves the group, when the messages at hand are finished and committed. Waits for handlers for `rebalanceTimeout` at most,
 * those of partitions given up before included; rejects if the store could not be told.
 */
export async function leaveGroup(
  { member, workers }: Pick<ConnectedRun, 'member' | 'workers'>,
  options: Pick<RunOptions, 'settings' | 'requestTimeout' | 'groupLogger'>,
): Promise<void> {
  const { groupId, rebalanceTimeout } = options.settings
  const begun = performance.now()
  try {
    await member.leave({ finish: rebalanceTimeout, store: options.requestTimeout })
  } finally {
    // One time for all handlers: what leaving has used up of it is not waited for again.
    const left = begun + rebalanceTimeout - performance.now()
    if (!(await isWithin(workers.abandonedEnded(), Math.max(0, left)))) {
      const message = 'Handlers still run of partitions that were given up: they are not waited for any longer'
      options.groupLogger.error(message, { groupId, partitions: workers.lingering() })
    }
  }
}

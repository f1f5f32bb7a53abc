import type { Logger } from '../../types/index.js'
import { wait } from '../../util/wait.js'

/** The longest time the service may take to answer a farewell, ms. */
const patience = 2000

/**
 * Closes something of the SDK. A failure is logged, and one that hangs is left: the socket beneath is closed anyway.
 * Nobody answers on a connection that is gone: then nothing is waited for.
 */
export async function closeWithin(close: () => Promise<unknown>, logger: Logger, isGone = false): Promise<void> {
  const timer = new AbortController()
  const closing = close().catch((error: unknown) => {
    logger.debug('Closing a connection failed', { error: error instanceof Error ? error.message : String(error) })
  })
  if (!isGone) await Promise.race([closing, wait(patience, timer.signal)])
  timer.abort()
}

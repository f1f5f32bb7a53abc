import type { Instrumentation } from '../../instrumentation/events.js'
import type { ConsumerEvents } from '../../types/index.js'
import type { ConnectedRun } from './assembly.js'

/**
 * The handler's sign of life, told as `HEARTBEAT` at most once per interval, ms.
 *
 * @param identity - of the member; undefined before there is one
 */
export function createHeartbeat(
  instrumentation: Instrumentation<ConsumerEvents>,
  interval: number,
  identity: () => ConnectedRun['identity'] | undefined,
): () => void {
  let last = performance.now()
  return () => {
    if (performance.now() - last < interval) return
    const member = identity()
    if (!member) return
    instrumentation.emit('HEARTBEAT', member)
    // From here, not from the question: the next event must not bear a time that is early by the time in between.
    last = performance.now()
  }
}

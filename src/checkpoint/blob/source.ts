import { createRefusals } from '../../auth/refusals.js'
import { KafkaJSError } from '../../errors/index.js'
import { withDeadline } from '../../util/deadline.js'
import { shareSuccess } from '../../util/share.js'
import { wait } from '../../util/wait.js'
import type { StoreLogger } from '../logger.js'
import {
  type CheckpointContainer,
  hasFixedCredential,
  type LazyCheckpointContainerChoice,
  openContainer,
} from './container.js'

/** The container as it is opened with the credential at hand, and anew where the storage account refuses that. */
export interface ContainerSource {
  /** Opens it, if need be. */
  current(): Promise<CheckpointContainer>
  /** The storage account has taken the credential. */
  accepted(container: CheckpointContainer): void
  /** It has refused it. True: `current()` opens the container with another, or will. */
  refused(container: CheckpointContainer, error: Error): boolean
}

/** The pauses before the credential is asked for again, after the first refusal of one that was taken before. */
const REFUSED = { retries: 4, initialRetryTime: 500, factor: 0.2, multiplier: 2, maxRetryTime: 4000 }

/**
 * @param timeout - the longest time opening may take, ms: a provider of credentials may never answer
 * @param retry - how long it is opened anew
 */
export function createContainerSource(
  choice: LazyCheckpointContainerChoice,
  { timeout, logger, retry = REFUSED }: { timeout: number; logger: StoreLogger; retry?: typeof REFUSED },
): ContainerSource {
  const refusals = createRefusals(retry, hasFixedCredential(choice))
  const createError = () => new KafkaJSError(`The checkpoint container could not be opened within ${timeout} ms`)
  let latest: CheckpointContainer | undefined
  let pause = 0

  const open = shareSuccess(async () => {
    await wait(pause)
    // The SDK's own client keeps a token to its end, also one that is refused: hence a new one.
    latest = await withDeadline(() => openContainer(choice), { ms: timeout, createError })
    return latest
  })

  return {
    current: open,

    accepted(container) {
      // One of before tells nothing of what there is now.
      if (container === latest) refusals.over()
    },

    refused(container, error) {
      // Told already: all requests are refused when one is.
      if (container !== latest) return !refusals.isFinal
      latest = undefined
      open.reset()
      const retryTime = refusals.met(error)
      pause = retryTime ?? 0
      if (retryTime === undefined) return false
      const [reason] = error.message.split('\n', 1)
      logger.warn(`The storage account refused the credential, asking for another: ${reason}`, { retryTime })
      return true
    },
  }
}

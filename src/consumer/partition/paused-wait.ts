import { wait } from '../../util/wait.js'

export interface PausedWait {
  /** True while there still is a pause to be waited for. */
  readonly isPaused: () => boolean
  /** Resolves with the next change of anything `isPaused` looks at. */
  readonly nextChange: () => Promise<void>
  /** Called when the pause has lasted for `patience`. */
  readonly onLong: () => Promise<void>
  /** ms */
  readonly patience: number
  readonly ended: AbortSignal
}

/** Waits for the end of a pause. True: it was a long one. */
export async function waitWhilePaused({ isPaused, nextChange, onLong, patience, ended }: PausedWait): Promise<boolean> {
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, ended])
  const long = wait(patience, signal).then(() => !signal.aborted)
  let wasLong = false
  try {
    while (isPaused()) {
      const change = nextChange().then(() => false)
      if (await (wasLong ? change : Promise.race([change, long]))) {
        wasLong = true
        await onLong()
      }
    }
  } finally {
    over.abort()
  }
  return wasLong
}

/** The finding of one step of `doctor`. */
export interface Finding {
  /** The step, in a few words. */
  readonly step: string
  /** `warning`: works, and may not for long or not everywhere. `skipped`: could not be looked at. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** The detail that was found. */
  readonly detail: string
  /** The advice on what to do about it. */
  readonly remedy?: string
}

export const ok = (step: string, detail: string): Finding => ({ step, status: 'ok', detail })
export const skipped = (step: string, detail: string): Finding => ({ step, status: 'skipped', detail })
export const warning = (step: string, detail: string, remedy: string): Finding => ({
  step,
  status: 'warning',
  detail,
  remedy,
})
export const failed = (step: string, detail: string, remedy: string): Finding => ({
  step,
  status: 'failed',
  detail,
  remedy,
})

/** Ends a wait that has no end of its own. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' })), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

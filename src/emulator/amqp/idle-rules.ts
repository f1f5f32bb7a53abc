import type { IdleLimits } from '../options.js'
import { detachForced, ServiceError } from './service-error.js'

/** Keeps one link from being idle. */
export interface LinkActivity {
  active(): void
  closed(): void
}

/**
 * The rules by which the service ends what nothing happens on. The texts: Microsoft, "AMQP errors in Azure Event Hubs".
 * `$cbs` counts for nothing here.
 */
export class IdleRules {
  #limits: Required<IdleLimits>
  #close: (error: ServiceError) => void
  #openLinks = 0
  #authentication: NodeJS.Timeout | undefined
  #links: NodeJS.Timeout | undefined

  constructor(limits: Required<IdleLimits>, close: (error: ServiceError) => void) {
    this.#limits = limits
    this.#close = close
    this.#authentication = after(limits.authentication, () =>
      close(new ServiceError('amqp:connection:forced', 'No token was presented in time.', 401)),
    )
    this.#links = this.#whenWithoutLinks(limits.firstLink)
  }

  authenticated(): void {
    clearTimeout(this.#authentication)
  }

  /** A link opened. Without `detach` it is never ended for idleness; while `isWaiting` it is not idle. */
  linkOpened(options: { detach?(error: ServiceError): void; isWaiting?(): boolean } = {}): LinkActivity {
    const { detach, isWaiting } = options
    this.#openLinks++
    clearTimeout(this.#links)
    const { link: limit } = this.#limits
    let timer: NodeJS.Timeout | undefined
    let last = performance.now()
    let open = true
    const watch = (ms: number) => {
      timer = after(ms, () => {
        const left = isWaiting?.() ? limit : last + limit - performance.now()
        if (left > 0) watch(left)
        else detach?.(linkIdle(limit))
      })
    }
    if (detach && limit > 0) watch(limit)
    return {
      active: () => {
        last = performance.now()
      },
      closed: () => {
        if (!open) return
        open = false
        clearTimeout(timer)
        this.#openLinks--
        if (this.#openLinks === 0) this.#links = this.#whenWithoutLinks(this.#limits.connection)
      },
    }
  }

  stop(): void {
    clearTimeout(this.#authentication)
    clearTimeout(this.#links)
  }

  #whenWithoutLinks(limit: number): NodeJS.Timeout | undefined {
    clearTimeout(this.#links)
    return after(limit, () =>
      this.#close(
        new ServiceError(
          'amqp:connection:forced',
          `The connection was inactive for more than the allowed ${limit} milliseconds and is closed by container ` +
            "'LinkTracker'.",
          410,
        ),
      ),
    )
  }
}

function linkIdle(limit: number): ServiceError {
  const idle = new Date(limit).toISOString().slice(11, 19)
  return detachForced(
    'The link is force detached by the broker due to errors occurred in the link. ' +
      `Detach origin: IdleTimerExpired: Idle timeout: ${idle}.`,
  )
}

function after(ms: number, step: () => void): NodeJS.Timeout | undefined {
  return ms > 0 && Number.isFinite(ms) ? setTimeout(step, ms).unref() : undefined
}

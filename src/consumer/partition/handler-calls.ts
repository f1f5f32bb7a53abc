import { AsyncLocalStorage } from 'node:async_hooks'

/** One call of a handler. */
export interface HandlerCall {
  /** False when what the handler returned has settled. */
  running: boolean
  readonly of: HandlerCalls
  /** The call that has begun the run this one belongs to, where a handler did. */
  readonly outer: HandlerCall | undefined
}

/** The calls of the handlers of one run: what they call can be told from all other code, so can a `stop()` that they await. */
export interface HandlerCalls {
  begin(): HandlerCall
  /** Calls a handler, and gives what it returns. */
  invoke<Payload>(call: HandlerCall, handle: (payload: Payload) => unknown, payload: Payload): unknown
  /** True in code that a running one of them has called, however far down. */
  isWithin(): boolean
  /** There are no more of them. */
  end(): void
}

/**
 * One for all runs, and only while there are any: on Node.js 20 each that is in use makes every promise of the process
 * dearer, and is in use from its first call on.
 */
const current = new AsyncLocalStorage<HandlerCall | undefined>()
let open = 0

/** Does what is not part of a call: a listener of an event that a handler has caused may await the end of its run. */
export const outsideOfCalls = (work: () => void): void => current.run(undefined, work)

export function createHandlerCalls(): HandlerCalls {
  const caller = current.getStore()
  const outer = caller?.running ? caller : undefined
  let isOpen = true
  open++

  const calls: HandlerCalls = {
    begin: () => ({ running: true, of: calls, outer }),
    invoke: (call, handle, payload) => current.run(call, handle, payload),
    isWithin() {
      for (let call = current.getStore(); call; call = call.outer) if (call.of === calls && call.running) return true
      return false
    },
    end() {
      if (!isOpen) return
      isOpen = false
      open--
      if (open === 0) current.disable()
    },
  }
  return calls
}

import type { Connector } from '../client/connection.js'
import type { ConsumerSettings } from '../config/settings.js'
import { toError } from '../errors/thrown.js'
import type { Instrumentation } from '../instrumentation/events.js'
import { toLastError } from '../instrumentation/last-error.js'
import type { ConsumerDiagnostics, LastError } from '../types/diagnostics.js'
import type { ConsumerEvents, ConsumerRunConfig, Logger } from '../types/index.js'
import { isOfAuthentication, mayRestart } from './restart-rule.js'
import type { Run } from './run/run.js'
import type { ConsumerStateMachine } from './state.js'

/** A crash being dealt with. */
export interface Crash {
  /** Resolves when `CRASH` has been told. */
  readonly done: Promise<void>
  /** Keeps the consumer from starting again. Resolves when the run is over. */
  callOff(): Promise<void>
}

/** The end of a consumer whose run has crashed: it stops, tells `CRASH`, and may start again. */
export interface Crashes {
  /** The crash that is being dealt with. */
  readonly current: Crash | undefined
  /** The crashes so far. */
  diagnostics(): Pick<ConsumerDiagnostics, 'crashes' | 'lastError'>
  onCrash(run: Run, config: ConsumerRunConfig, error: Error): void
}

export interface CrashesOptions {
  readonly settings: ConsumerSettings
  readonly connector: Connector
  readonly instrumentation: Instrumentation<ConsumerEvents>
  readonly logger: Logger
  readonly state: ConsumerStateMachine
  /** Never rejects. */
  stopRun(run: Run): Promise<void>
  start(config: ConsumerRunConfig): Promise<void>
}

/** Between two attempts to authenticate, ms: each asks the provider of the credential, which may be at its limits. */
const AUTHENTICATION_PAUSE_MS = 5000

export function createCrashes(options: CrashesOptions): Crashes {
  const { settings, connector, instrumentation, logger, state } = options
  const { groupId } = settings
  let current: Crash | undefined
  let crashes = 0
  let lastError: LastError | null = null

  const endCrashed = async (run: Run) => {
    await options.stopRun(run)
    await connector.close().catch((error: unknown) => {
      // A connection that can't be closed in order must not keep the consumer from starting again.
      logger.error(`Could not close the connection: ${toError(error).message}`, { groupId })
    })
    state.to({ name: 'idle' })
    instrumentation.emit('DISCONNECT')
  }

  const pauseAfter = (error: Error): number => {
    const { initialRetryTime, maxRetryTime } = settings.retry
    const { retryTime } = error as { retryTime?: number }
    return retryTime || (isOfAuthentication(error) ? Math.min(AUTHENTICATION_PAUSE_MS, maxRetryTime) : initialRetryTime)
  }

  const restartIn = (delay: number, config: ConsumerRunConfig) => {
    const onFailed = (failure: Error) => logger.error(`Could not restart: ${failure.message}`, { groupId })
    const timer = setTimeout(() => options.start(config).catch(onFailed), delay)
    state.to({ name: 'restarting', timer })
  }

  return {
    get current() {
      return current
    },

    diagnostics: () => ({ crashes, lastError }),

    onCrash(run, config, error) {
      if (state.run !== run) return
      crashes++
      lastError = toLastError(error)
      const { retryCount } = error as { retryCount?: number }
      logger.error(`Crash: ${error.name}: ${error.message}`, { groupId, retryCount, stack: error.stack })
      let isCalledOff = false
      const stopped = endCrashed(run)

      const conclude = async () => {
        const mayAuthenticateAgain = connector.mayAuthenticateAgain()
        const wanted = await mayRestart(error, { ...settings, logger, mayAuthenticateAgain })
        // Not against a stop() meanwhile, nor beside a run() of the program's own.
        const restart = wanted && !isCalledOff && state.current.name === 'idle'
        if (current === crash) current = undefined
        const retryTime = pauseAfter(error)
        if (restart) restartIn(retryTime, config)
        else if (!isCalledOff && state.current.name === 'idle') state.to({ name: 'crashed' })
        instrumentation.emit('CRASH', () => ({ error, groupId, restart }))
        if (restart) logger.error(`Restarting the consumer in ${retryTime}ms`, { retryCount, retryTime, groupId })
      }

      const crash: Crash = {
        done: stopped.then(conclude),
        callOff() {
          isCalledOff = true
          return stopped
        },
      }
      current = crash
      crash.done.catch((failure: Error) =>
        logger.error(`Could not crash in order: ${failure.message}`, { groupId, stack: failure.stack }),
      )
    },
  }
}

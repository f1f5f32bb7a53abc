import type { Connection, Connector } from '../client/connection.js'
import type { ConsumerSettings } from '../config/settings.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { Instrumentation } from '../instrumentation/events.js'
import type { ConsumerDiagnostics } from '../types/diagnostics.js'
import type { ConsumerEvents, ConsumerRunConfig, Logger } from '../types/index.js'
import { share } from '../util/share.js'
import { createCrashes } from './crashes.js'
import type { Run } from './run/run.js'
import type { RunConnection } from './run/types.js'
import { createConsumerState } from './state.js'

/** A consumer's runs, one after the other: begun, stopped, crashed and begun again. */
export interface Lifecycle {
  /** True while a run goes on that is not being stopped. */
  readonly isRunning: boolean
  /** The run that calls go to, also one that stops. */
  readonly called: Run | undefined
  connect(signal?: AbortSignal): Promise<Connection>
  /** Begins a run; resolves when it has joined, has crashed, or goes on already. Rejects when there is no checkpoint store. */
  run(config: ConsumerRunConfig): Promise<void>
  stop(): Promise<void>
  disconnect(): Promise<void>
  /** The state of the consumer at the moment, but for its connection. */
  diagnostics(): Omit<ConsumerDiagnostics, 'id' | 'connection'>
}

export interface LifecycleOptions {
  readonly settings: ConsumerSettings
  readonly connector: Connector
  readonly instrumentation: Instrumentation<ConsumerEvents>
  readonly logger: Logger
  /** Resolves when what the consumer is to be subscribed to is known; never rejects. */
  subscribed(): Promise<unknown>
  createRun(config: ConsumerRunConfig, onCrash: (error: Error) => void): Run
}

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { settings, connector, instrumentation, logger, subscribed } = options
  const { groupId } = settings
  const purpose = `Consumer group ${groupId}`
  const state = createConsumerState()

  const connect = async (signal?: AbortSignal) => {
    const connection = await connector.connect(signal)
    instrumentation.emit('CONNECT')
    return connection
  }

  const start = async (config: ConsumerRunConfig): Promise<void> => {
    const run: Run = options.createRun(config, (error) => crashes.onCrash(run, config, error))
    state.to({ name: 'starting', run })
    logger.info('Starting', { groupId })
    // Told by run() itself, not by a crash: to lose offsets silently is the worst outcome, to retry in vain the next.
    const [lack] = await Promise.all([lackOfStore(connector, purpose), subscribed()])
    if (lack) {
      if (state.run === run) {
        state.to({ name: 'stopping', run })
        state.to({ name: 'idle' })
      }
      throw lack
    }
    if (state.run === run) {
      await run.start(async (signal): Promise<RunConnection> => {
        const connection = await connect(signal)
        return { connection, store: await connection.requireStore(purpose) }
      })
    }
    if (state.run === run) state.to({ name: 'running', run })
    else await crashes.current?.done
  }

  const stopRun = async (run: Run) => {
    state.to({ name: 'stopping', run })
    try {
      await run.stop()
    } catch (error) {
      // The group notices by itself, when the session has timed out.
      logger.error(`Could not leave the group: ${toError(error).message}`, { groupId })
    }
    logger.info('Stopped', { groupId })
    instrumentation.emit('STOP')
  }

  const crashes = createCrashes({ settings, connector, instrumentation, logger, state, stopRun, start })

  const stop = share(async () => {
    if (crashes.current) await crashes.current.callOff()
    const { current } = state
    if (current.name === 'restarting' || current.name === 'crashed') state.to({ name: 'idle' })
    if (current.name !== 'starting' && current.name !== 'running') return
    await stopRun(current.run)
    state.to({ name: 'idle' })
  })

  const disconnect = share(async () => {
    await stop()
    await connector.close()
    instrumentation.emit('DISCONNECT')
  })

  const run = async (config: ConsumerRunConfig): Promise<void> => {
    if (state.current.name === 'stopping') await stop()
    if (!state.run) return start(config)
    logger.warn('consumer#run was called, but the consumer is already running', { groupId })
  }

  /** The run whose handler calls, if one does: what waits for the end of that run would wait for its caller. */
  const callingRun = () => {
    const { current } = state
    return 'run' in current && current.run.isInHandler() ? current.run : undefined
  }
  const goOn = (whole: Promise<void>, purpose: string) => {
    whole.catch((error: Error) => logger.error(`Could not ${purpose}: ${error.message}`, { groupId }))
  }

  /** A handler gets what can be had before it returns, the commit of what was handled so far; the rest goes on behind it. */
  const orSoon = async (whole: Promise<void>): Promise<void> => {
    const calling = callingRun()
    if (!calling) return whole
    goOn(whole, 'stop')
    await calling.commitResolved()
  }

  return {
    get isRunning() {
      return state.run !== undefined
    },
    get called() {
      return state.called
    },
    connect,
    async run(config) {
      // A handler that has stopped its run and begins the next is not kept waiting for it either.
      const mustNotWait = state.current.name === 'stopping' && callingRun() !== undefined
      const whole = run(config)
      if (!mustNotWait) return whole
      goOn(whole, 'run')
    },
    async stop() {
      if (state.current.name === 'idle' || state.current.name === 'crashed') logger.info('Stopped', { groupId })
      return orSoon(stop())
    },
    disconnect: () => orSoon(disconnect()),
    diagnostics: () => ({
      groupId,
      state: state.current.name,
      ...crashes.diagnostics(),
      ...(state.called?.diagnostics() ?? { memberId: null, partitions: [] }),
    }),
  }
}

/** The error to throw when there is nowhere to keep offsets, as far as that is known before anything is connected. */
async function lackOfStore(connector: Connector, purpose: string): Promise<unknown> {
  let connection: Connection
  try {
    connection = await connector.open()
    if (await connection.store()) return undefined
  } catch {
    return undefined // Whatever it is, joining meets it again, and crashes with it.
  }
  return connection.requireStore(purpose).catch((error: unknown) => error)
}

/** The run that a call needs. Throws `KafkaJSNonRetriableError`, in kafkajs's words, when there is none. */
export function requireRun({ called }: Lifecycle): Run {
  if (called) return called
  throw new KafkaJSNonRetriableError('Consumer group was not initialized, consumer#run must be called first')
}

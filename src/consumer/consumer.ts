import { type Connection, createConnector } from '../client/connection.js'
import type { ClientContext } from '../client/context.js'
import { createTopics } from '../client/topics.js'
import { consumerSettings } from '../config/config.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { describeGroup } from '../group/describe.js'
import { consumerEvents, createInstrumentation, createRequests } from '../instrumentation/events.js'
import { retry } from '../retry/retry.js'
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from '../types/index.js'
import { share } from '../util/share.js'
import { mayRestart } from './crash.js'
import { parseCommit, parseSeek } from './offset-arguments.js'
import { validatePauses } from './pauses.js'
import { createRun, type Run } from './run/run.js'
import type { RunConnection } from './run/types.js'
import { createConsumerState } from './state.js'
import { createSubscriptions, parseSubscription } from './subscriptions.js'

/**
 * Makes a consumer: kafkajs's contract over partitions read from Event Hubs, and a group kept in a checkpoint store.
 *
 * Throws `KafkaJSNonRetriableError` for a missing group id and for timings that contradict one another.
 */
export function createConsumer(context: ClientContext, config: ConsumerConfig): Consumer {
  const settings = consumerSettings(config, context.settings)
  const { groupId } = settings
  const logger = context.logger.namespace('Consumer')
  const instrumentation = createInstrumentation({ client: 'consumer', events: consumerEvents, logger })
  const requests = createRequests({ instrumentation, ...context.settings })
  const connector = createConnector({ context, requests, retry: settings.retry, logger })
  const topics = createTopics({ connect: connector.connect, settings, logger, awaitsMissing: false })
  const subscriptions = createSubscriptions()
  const spelled = <T extends { topic: string }>(given: T): T => ({
    ...given,
    topic: subscriptions.spellingOf(given.topic),
  })
  const state = createConsumerState()
  let runConfig: ConsumerRunConfig = {}

  const currentRun = (): Run => {
    if (state.called) return state.called
    throw new KafkaJSNonRetriableError('Consumer group was not initialized, consumer#run must be called first')
  }

  const connect = async (signal?: AbortSignal) => {
    const connection = await connector.connect(signal)
    instrumentation.emit('CONNECT')
    return connection
  }

  const purpose = `Consumer group ${groupId}`

  /** What tells that there is nowhere to keep offsets, as far as that is known before anything is connected. */
  const lackOfStore = async (): Promise<unknown> => {
    let connection: Connection
    try {
      connection = await connector.open()
      if (await connection.store()) return undefined
    } catch {
      return undefined // Whatever it is, joining meets it again, and crashes with it.
    }
    return connection.requireStore(purpose).catch((error: unknown) => error)
  }

  const stopRun = async (run: Run) => {
    state.to({ name: 'stopping', run })
    try {
      await run.stop()
    } catch (error) {
      // The group notices by itself, when the session has timed out.
      logger.error(`Could not leave the group: ${(error as Error).message}`, { groupId })
    }
    logger.info('Stopped', { groupId })
    instrumentation.emit('STOP')
  }

  /** A crash being dealt with. `stopped` resolves when the run is over, `done` when `CRASH` has been told. */
  let crashing: { restart: boolean; readonly stopped: Promise<void>; readonly done: Promise<void> } | undefined

  const stopAll = share(async () => {
    if (crashing) {
      crashing.restart = false
      await crashing.stopped
    }
    const { current } = state
    if (current.name === 'restarting') state.to({ name: 'idle' })
    if (current.name !== 'starting' && current.name !== 'running') return
    await stopRun(current.run)
    state.to({ name: 'idle' })
  })

  const disconnectAll = share(async () => {
    await stopAll()
    await connector.close()
    instrumentation.emit('DISCONNECT')
  })

  /**
   * A handler that awaits the end of its own run would wait for itself: it gets what can be had before it returns, the
   * commit of what was handled so far, and the rest goes on behind it.
   */
  const orSoon = async (whole: Promise<void>): Promise<void> => {
    const { current } = state
    if (!('run' in current) || !current.run.isInHandler()) return whole
    whole.catch((error: Error) => logger.error(`Could not stop: ${error.message}`, { groupId }))
    await current.run.commitResolved()
  }

  const onCrash = (run: Run, error: Error) => {
    if (state.run !== run) return
    logger.error(`Crash: ${error.name}: ${error.message}`, {
      groupId,
      retryCount: (error as { retryCount?: number }).retryCount,
      stack: error.stack,
    })
    const stopping = async () => {
      await stopRun(run)
      await connector.close()
      state.to({ name: 'idle' })
      instrumentation.emit('DISCONNECT')
    }
    const stopped = stopping()
    const handling = { restart: true, stopped, done: stopped.then(() => afterCrash(error)) }
    crashing = handling
    handling.done.catch((failure: Error) =>
      logger.error(`Could not crash in order: ${failure.message}`, { groupId, stack: failure.stack }),
    )
  }

  const afterCrash = async (error: Error) => {
    const wanted = await mayRestart(error, { ...settings, logger })
    // Not against a stop() meanwhile, nor beside a run() of the program's own.
    const restart = wanted && crashing?.restart === true && state.current.name === 'idle'
    crashing = undefined
    const retryTime = (error as { retryTime?: number }).retryTime || settings.retry.initialRetryTime
    if (restart) {
      const onFailed = (failure: Error) => logger.error(`Could not restart: ${failure.message}`, { groupId })
      const timer = setTimeout(() => start(runConfig).catch(onFailed), retryTime)
      state.to({ name: 'restarting', timer })
    }
    instrumentation.emit('CRASH', () => ({ error, groupId, restart }))
    if (restart) logger.error(`Restarting the consumer in ${retryTime}ms`, { groupId, retryTime })
  }

  const start = async (given: ConsumerRunConfig): Promise<void> => {
    runConfig = given
    const run: Run = createRun({
      settings,
      clientId: context.settings.clientId,
      requestTimeout: context.settings.requestTimeout,
      eventHubs: context.settings.eventHubs,
      config: given,
      topics: new Map(subscriptions.topics),
      instrumentation,
      requests,
      runnerLogger: context.logger.namespace('Runner'),
      groupLogger: context.logger.namespace('ConsumerGroup'),
      onCrash: (error) => onCrash(run, error),
    })
    state.to({ name: 'starting', run })
    logger.info('Starting', { groupId })
    // Told by run() itself, not by a crash: to lose offsets silently is the worst outcome, to retry in vain the next.
    const lack = await lackOfStore()
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
    else await crashing?.done
  }

  return {
    connect: async () => void (await connect()),

    disconnect: () => orSoon(disconnectAll()),

    async subscribe(given) {
      if (state.run) throw new KafkaJSNonRetriableError('Cannot subscribe to topic while consumer is running')
      const subscription = parseSubscription(given)
      for (const topic of subscription.topics) if (typeof topic === 'string') await topics.of(topic).load()
      await subscriptions.add(subscription, topics.list)
    },

    async stop() {
      if (state.current.name === 'idle') logger.info('Stopped', { groupId })
      return orSoon(stopAll())
    },

    async run(given = {}) {
      if (state.current.name === 'stopping') await stopAll()
      if (state.run) {
        logger.warn('consumer#run was called, but the consumer is already running', { groupId })
        return
      }
      await start(given)
    },

    async commitOffsets(given = []) {
      const offsets = given.map(parseCommit).map(spelled)
      const run = currentRun()
      if (offsets.length > 0) await retry(() => run.commit(offsets), settings.retry)
    },

    seek(given) {
      const { topic, partition, offset } = spelled(parseSeek(given))
      currentRun().seek(topic, partition, offset)
    },

    async describeGroup() {
      const connection = await connector.connect()
      const store = await connection.requireStore(purpose)
      return retry(() => describeGroup(store, connection.address.storeNamespace, groupId), settings.retry)
    },

    pause(given = []) {
      validatePauses(given, 'pause')
      currentRun().pause(given.map(spelled))
    },

    paused: () => state.called?.paused() ?? [],

    resume(given = []) {
      validatePauses(given, 'resume')
      currentRun().resume(given.map(spelled))
    },

    on: instrumentation.on as Consumer['on'],
    events: instrumentation.events,
    logger: () => logger,
  }
}

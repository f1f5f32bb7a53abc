import { consumerSettings } from '../config.js'
import type { ClientContext } from '../context.js'
import { KafkaJSError, KafkaJSNonRetriableError } from '../errors.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import { consumerEvents, createInstrumentation, createRequests } from '../events.js'
import { describeGroup } from '../group/describe.js'
import { createProtocolError } from '../protocol-errors.js'
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from '../types.js'
import { retry } from '../util/retry.js'
import { share, shareSuccess } from '../util/share.js'
import { parseCommit, parseSeek } from './offset-arguments.js'
import { createRun, type Run, type RunConnection } from './run.js'
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
  const subscriptions = createSubscriptions()
  const state = createConsumerState()

  const transport = shareSuccess(() => context.openTransport())
  const closeTransport = async (opened: Promise<EventHubsTransport> | undefined) => {
    transport.reset()
    await (await opened?.catch(() => undefined))?.close()
  }
  let opened: Promise<EventHubsTransport> | undefined
  const openTransport = () => {
    opened = transport()
    return opened
  }

  const currentRun = (): Run => {
    if (!state.run) {
      throw new KafkaJSNonRetriableError('Consumer group was not initialized, consumer#run must be called first')
    }
    return state.run
  }

  const connect = async () => {
    const service = await openTransport()
    await retry(
      () => requests.run('ApiVersions', service.address.broker, (abortSignal) => service.verify({ abortSignal })),
      settings.retry,
    )
    instrumentation.emit('CONNECT')
  }

  const groupStore = async () => {
    const service = await openTransport()
    const store = await context.checkpointStore(service)
    if (store) return { service, store }
    throw new KafkaJSNonRetriableError(
      `Consumer group ${groupId} needs a place to keep its committed offsets, which Event Hubs does not keep over AMQP: pass new Kafka({ eventHubs: { checkpointStore: 'https://<account>.blob.core.windows.net/<container>' } }), or set KAFKAJS_EVENTHUBS_CHECKPOINT_STORE`,
    )
  }

  /** Told by `run()` itself, not by a crash: to lose offsets silently is the worst outcome, to retry in vain the next. */
  const lacksStore = async (): Promise<boolean> => {
    try {
      return (await context.checkpointStore(await openTransport())) === undefined
    } catch {
      return false // Whatever it is, joining meets it again, and crashes with it.
    }
  }

  const listTopics = async (): Promise<string[]> => {
    const service = await openTransport()
    const management = await context.management(service)
    if (!management) {
      throw new KafkaJSNonRetriableError(
        'Subscribing by RegExp lists the event hubs of the namespace, which needs management: use a connection string whose rule has Manage, or eventHubs.management, or name the topics',
      )
    }
    return (await management.listEventHubs()).map(({ name }) => name)
  }

  /** A topic that does not exist is created where that is allowed and possible, and refused otherwise. */
  const ensureTopic = async (topic: string) => {
    const service = await openTransport()
    const exists = async () => {
      try {
        await requests.run('Metadata', service.address.broker, (abortSignal) =>
          service.getEventHubProperties(topic, { abortSignal }),
        )
        return true
      } catch (error) {
        if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return false
        throw error
      }
    }
    if (await retry(exists, settings.retry)) return
    const management = settings.allowAutoTopicCreation ? await context.management(service) : undefined
    if (!management) {
      throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', {
        message: `There is no event hub "${topic}" in ${service.address.fullyQualifiedNamespace}: create it in the portal, with "az eventhubs eventhub create", or with admin.createTopics`,
      })
    }
    await management.createEventHub(topic, {}).catch((error: { type?: string }) => {
      if (error.type !== 'TOPIC_ALREADY_EXISTS') throw error
    })
  }

  const stopRun = async (run: Run) => {
    try {
      await run.stop()
    } catch (error) {
      // The group notices by itself, when the session has timed out.
      logger.error(`Could not leave the group: ${(error as Error).message}`, { groupId })
    }
    logger.info('Stopped', { groupId })
    instrumentation.emit('STOP')
  }

  /** A crash being dealt with; stopping the consumer meanwhile takes the restart back. */
  let crashing: { restart: boolean; readonly stopped: Promise<void> } | undefined

  const stopAll = share(async () => {
    if (crashing) {
      crashing.restart = false
      await crashing.stopped
    }
    const { current } = state
    if (current.name === 'restarting') state.to({ name: 'idle' })
    if (current.name !== 'starting' && current.name !== 'running') return
    const { run } = current
    state.to({ name: 'stopping', run })
    await stopRun(run)
    state.to({ name: 'idle' })
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

  const disconnectAll = share(async () => {
    await stopAll()
    await closeTransport(opened)
    instrumentation.emit('DISCONNECT')
  })

  const crash = async (run: Run, error: Error) => {
    if (state.run !== run) return
    state.to({ name: 'stopping', run })
    logger.error(`Crash: ${error.name}: ${error.message}`, {
      groupId,
      retryCount: retryCountOf(error),
      stack: error.stack,
    })
    const stopped = stopRun(run).then(() => closeTransport(opened))
    crashing = { restart: true, stopped }
    await stopped
    instrumentation.emit('DISCONNECT')
    const restart = (await mayRestart(error)) && crashing.restart
    crashing = undefined
    const retryTime = (error as { retryTime?: number }).retryTime || settings.retry.initialRetryTime
    if (restart) {
      const timer = setTimeout(() => void start(runConfig).catch(logRestartFailure), retryTime)
      state.to({ name: 'restarting', timer })
    } else {
      state.to({ name: 'idle' })
    }
    instrumentation.emit('CRASH', () => ({ error, groupId, restart }))
    if (restart) logger.error(`Restarting the consumer in ${retryTime}ms`, { groupId, retryTime })
  }

  const logRestartFailure = (error: Error) => logger.error(`Could not restart: ${error.message}`, { groupId })

  const mayRestart = async (error: Error): Promise<boolean> => {
    const retriable = error.name === 'KafkaJSNumberOfRetriesExceeded' || rootOf(error).retriable === true
    if (!retriable || !settings.restartOnFailure) return retriable
    try {
      return await settings.restartOnFailure(error)
    } catch (failure) {
      logger.error('Caught error when invoking user-provided "restartOnFailure" callback. Defaulting to restarting.', {
        error: (failure as Error).message || failure,
        groupId,
      })
      return true
    }
  }

  let runConfig: ConsumerRunConfig = {}

  const start = async (given: ConsumerRunConfig): Promise<void> => {
    runConfig = given
    const run: Run = createRun({
      settings,
      clientId: context.settings.clientId,
      eventHubs: context.settings.eventHubs,
      config: given,
      topics: new Map(subscriptions.topics),
      instrumentation,
      requests,
      runnerLogger: context.logger.namespace('Runner'),
      groupLogger: context.logger.namespace('ConsumerGroup'),
      onCrash: (error) => {
        crash(run, error).catch((failure: Error) =>
          logger.error(`Could not crash in order: ${failure.message}`, { groupId }),
        )
      },
    })
    state.to({ name: 'starting', run })
    logger.info('Starting', { groupId })
    if (await lacksStore()) {
      state.to({ name: 'stopping', run })
      state.to({ name: 'idle' })
      await groupStore()
    }
    if (state.run !== run) return
    await run.start(async (): Promise<RunConnection> => {
      await connect()
      const { service, store } = await groupStore()
      return { transport: service, store, management: () => context.management(service) }
    })
    if (state.run === run) state.to({ name: 'running', run })
  }

  return {
    connect,

    disconnect: () => orSoon(disconnectAll()),

    async subscribe(given) {
      if (state.run) throw new KafkaJSNonRetriableError('Cannot subscribe to topic while consumer is running')
      const subscription = parseSubscription(given)
      for (const topic of subscription.topics) if (typeof topic === 'string') await ensureTopic(topic)
      await subscriptions.add(subscription, listTopics)
    },

    async stop() {
      if (state.current.name === 'idle') logger.info('Stopped', { groupId })
      return orSoon(stopAll())
    },

    async run(given = {}) {
      if (state.run) {
        logger.warn('consumer#run was called, but the consumer is already running', { groupId })
        return
      }
      if (state.current.name === 'stopping') await stopAll()
      await start(given)
    },

    async commitOffsets(given = []) {
      const offsets = given.map(parseCommit)
      const run = currentRun()
      if (offsets.length > 0) await retry(() => run.commit(offsets), settings.retry)
    },

    seek(given) {
      const { topic, partition, offset } = parseSeek(given)
      currentRun().seek(topic, partition, offset)
    },

    async describeGroup() {
      const { service, store } = await groupStore()
      return retry(() => describeGroup(store, service.address.storeNamespace, groupId), settings.retry)
    },

    pause(given = []) {
      currentRun().pause(given)
    },

    paused: () => state.run?.paused() ?? [],

    resume(given = []) {
      currentRun().resume(given)
    },

    on: instrumentation.on as Consumer['on'],
    events: instrumentation.events,
    logger: () => logger,
  }
}

const retryCountOf = (error: Error) => (error as { retryCount?: number }).retryCount

/** The error at the bottom of the causes. */
function rootOf(error: Error): { retriable?: boolean } {
  let root: unknown = error
  while (root instanceof KafkaJSError && root.cause) root = root.cause
  return root as { retriable?: boolean }
}

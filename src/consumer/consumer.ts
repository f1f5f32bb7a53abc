import { createConnector } from '../client/connection.js'
import type { ClientContext } from '../client/context.js'
import { createTopics } from '../client/topics.js'
import { consumerSettings } from '../config/config.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { describeGroup } from '../group/describe.js'
import { consumerEvents, createInstrumentation, createRequests } from '../instrumentation/events.js'
import { retryLog } from '../instrumentation/retry-log.js'
import { retry } from '../retry/retry.js'
import type { Consumer, ConsumerConfig } from '../types/index.js'
import { createLifecycle, requireRun } from './lifecycle.js'
import { parseCommit, parseSeek } from './offset-arguments.js'
import { validatePauses } from './pauses.js'
import { createRun } from './run/run.js'
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
  const subscriptions = createSubscriptions({
    load: (topic) => topics.of(topic).load(),
    list: topics.list,
  })
  const lifecycle = createLifecycle({
    settings,
    connector,
    instrumentation,
    logger,
    subscribed: subscriptions.settled,
    createRun: (runConfig, onCrash) =>
      createRun({
        settings,
        clientId: context.settings.clientId,
        requestTimeout: context.settings.requestTimeout,
        eventHubs: context.settings.eventHubs,
        config: runConfig,
        known: topics,
        topics: subscriptions.topics,
        instrumentation,
        requests,
        runnerLogger: context.logger.namespace('Runner'),
        groupLogger: context.logger.namespace('ConsumerGroup'),
        onCrash,
      }),
  })

  context.clients.consumers.add(connector, (id) => {
    const connection = connector.diagnostics()
    const { state, ...told } = lifecycle.diagnostics()
    if (state === 'idle' && connection.state === 'disconnected') return undefined
    return { id, connection, state, ...told }
  })

  const spelled = <T extends { topic: string }>(given: T): T => ({
    ...given,
    topic: subscriptions.spellingOf(given.topic),
  })

  return {
    connect: async () => void (await connector.untilClosed(lifecycle.connect)),
    disconnect: lifecycle.disconnect,

    async subscribe(given) {
      if (lifecycle.isRunning) throw new KafkaJSNonRetriableError('Cannot subscribe to topic while consumer is running')
      const subscription = parseSubscription(given)
      await connector.untilClosed(() => subscriptions.add(subscription))
    },

    stop: lifecycle.stop,
    run: async (given = {}) => lifecycle.run(given),

    async commitOffsets(given = []) {
      const offsets = given.map(parseCommit).map(spelled)
      const run = requireRun(lifecycle)
      if (offsets.length === 0) return
      await retry(() => run.commit(offsets), settings.retry, { onRetry: retryLog(logger, 'Could not commit offsets') })
    },

    seek(given) {
      const { topic, partition, offset } = spelled(parseSeek(given))
      requireRun(lifecycle).seek(topic, partition, offset)
    },

    async describeGroup() {
      const { address, requireStore } = await connector.connect()
      const store = await requireStore(`Consumer group ${groupId}`)
      const describe = () => describeGroup(store, address.storeNamespace, groupId)
      return retry(() => requests.run('DescribeGroups', address.broker, describe), settings.retry, {
        onRetry: retryLog(logger, 'Could not describe the group'),
      })
    },

    pause(given = []) {
      validatePauses(given, 'pause')
      requireRun(lifecycle).pause(given.map(spelled))
    },

    paused: () => lifecycle.called?.paused() ?? [],

    resume(given = []) {
      validatePauses(given, 'resume')
      requireRun(lifecycle).resume(given.map(spelled))
    },

    on: instrumentation.on,
    events: instrumentation.events,
    logger: () => logger,
  }
}

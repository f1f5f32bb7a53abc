import type { ClientContext } from '../client/context.js'
import type { ConsumerSettings } from '../config/settings.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import { retry } from '../retry/retry.js'

/** The topics that a consumer can subscribe to. */
export interface TopicDirectory {
  /** The names of all. */
  list(): Promise<string[]>
  /** A topic that does not exist is created where that is allowed and possible, and refused otherwise. */
  ensure(topic: string): Promise<void>
}

export interface TopicDirectoryOptions {
  readonly context: ClientContext
  readonly settings: ConsumerSettings
  readonly requests: Requests
  readonly openTransport: () => Promise<EventHubsTransport>
}

export function createTopicDirectory(options: TopicDirectoryOptions): TopicDirectory {
  const { context, settings, requests, openTransport } = options

  const exists = async (service: EventHubsTransport, topic: string) => {
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

  return {
    async list() {
      const management = await context.management(await openTransport())
      if (!management) {
        throw new KafkaJSNonRetriableError(
          'Subscribing by RegExp lists the event hubs of the namespace, which needs management: use a connection string whose rule has Manage, or eventHubs.management, or name the topics',
        )
      }
      return retry(async () => (await management.listEventHubs()).map(({ name }) => name), settings.retry)
    },

    async ensure(topic) {
      const service = await openTransport()
      if (await retry(() => exists(service, topic), settings.retry)) return
      const management = settings.allowAutoTopicCreation ? await context.management(service) : undefined
      if (!management) {
        throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', {
          message: `There is no event hub "${topic}" in ${service.address.fullyQualifiedNamespace}: create it in the portal, with "az eventhubs eventhub create", or with admin.createTopics`,
        })
      }
      await management.createEventHub(topic, {}).catch((error: { type?: string }) => {
        if (error.type !== 'TOPIC_ALREADY_EXISTS') throw error
      })
    },
  }
}

import { KafkaJSNonRetriableError } from '../errors/index.js'
import { topicKey } from '../translate/names.js'
import type { ConsumerSubscribeTopic, ConsumerSubscribeTopics } from '../types/index.js'

/** What a consumer is subscribed to: topic → fromBeginning. */
export interface Subscriptions {
  readonly topics: ReadonlyMap<string, boolean>
  /** How a topic is spelled here, whatever a call spells: event hub names are compared without case. */
  spellingOf(topic: string): string
  add(subscription: Subscription, listTopics: () => Promise<string[]>): Promise<void>
}

/** A call of `subscribe`, checked. */
export interface Subscription {
  readonly topics: readonly (string | RegExp)[]
  readonly fromBeginning: boolean
}

/** Throws `KafkaJSNonRetriableError` in kafkajs's words. */
export function parseSubscription(given: ConsumerSubscribeTopics | ConsumerSubscribeTopic): Subscription {
  const { topic, topics, fromBeginning = false } = given as Partial<ConsumerSubscribeTopics & ConsumerSubscribeTopic>
  if (!topic && !topics) throw new KafkaJSNonRetriableError('Missing required argument "topics"')
  if (topics != null && !Array.isArray(topics)) throw new KafkaJSNonRetriableError('Argument "topics" must be an array')
  const list = topics ?? [topic as string | RegExp]
  for (const one of list) {
    if (typeof one !== 'string' && !(one instanceof RegExp)) {
      throw new KafkaJSNonRetriableError(
        `Invalid topic ${one} (${typeof one}), the topic name has to be a String or a RegExp`,
      )
    }
  }
  return { topics: list, fromBeginning }
}

export function createSubscriptions(): Subscriptions {
  const subscribed = new Map<string, boolean>()
  /** The spelling that was asked for first, which the program goes on to see. */
  const spellings = new Map<string, string>()
  const spellingOf = (topic: string) => spellings.get(topicKey(topic)) ?? topic
  return {
    topics: subscribed,
    spellingOf,
    async add({ topics, fromBeginning }, listTopics) {
      const known = topics.some((topic) => topic instanceof RegExp) ? await listTopics() : []
      for (const topic of topics) {
        const names = typeof topic === 'string' ? [topic] : known.filter((name) => topic.test(name))
        for (const name of names) {
          subscribed.set(spellingOf(name), fromBeginning)
          if (!spellings.has(topicKey(name))) spellings.set(topicKey(name), name)
        }
      }
    },
  }
}

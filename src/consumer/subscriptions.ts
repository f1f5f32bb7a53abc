import { KafkaJSNonRetriableError } from '../errors/index.js'
import { topicKey } from '../translate/names.js'
import type { ConsumerSubscribeTopic, ConsumerSubscribeTopics } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'

/** The subscriptions of a consumer: topic → fromBeginning. */
export interface Subscriptions {
  readonly topics: ReadonlyMap<string, boolean>
  /** The spelling a topic has here, whatever a call spells: event hub names are compared without case. */
  spellingOf(topic: string): string
  /**
   * Subscribes. Topics that are named count from the call on, as in kafkajs: programs do not wait for it. Resolves when they
   * are known to be there and regular expressions have been looked up.
   */
  add(subscription: Subscription): Promise<void>
  /** Resolves when no call is under way any more; never rejects. */
  settled(): Promise<unknown>
}

/** The topics there are to subscribe to. */
export interface SubscribableTopics {
  /** Makes sure that there is a topic. */
  load(topic: string): Promise<void>
  list(): Promise<string[]>
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

export function createSubscriptions({ load, list }: SubscribableTopics): Subscriptions {
  const subscribed = new Map<string, boolean>()
  /** The spelling that was asked for first, which the program goes on to see. */
  const spellings = new Map<string, string>()
  const pending = new Set<Promise<void>>()

  const spellingOf = (topic: string) => spellings.get(topicKey(topic)) ?? topic
  const note = (topic: string, fromBeginning: boolean) => {
    subscribed.set(spellingOf(topic), fromBeginning)
    if (!spellings.has(topicKey(topic))) spellings.set(topicKey(topic), topic)
  }

  const check = async (names: readonly string[], patterns: readonly RegExp[], fromBeginning: boolean) => {
    await mapConcurrently(names, load, { stopsAtFailure: true })
    const known = patterns.length > 0 ? await list() : []
    for (const pattern of patterns) {
      for (const topic of known.filter((name) => pattern.test(name))) note(topic, fromBeginning)
    }
  }

  return {
    topics: subscribed,
    spellingOf,
    add({ topics, fromBeginning }) {
      const names = topics.filter((topic) => typeof topic === 'string')
      for (const topic of names) note(topic, fromBeginning)
      const checking = check(
        names,
        topics.filter((topic) => topic instanceof RegExp),
        fromBeginning,
      )
      pending.add(checking)
      return checking.finally(() => pending.delete(checking))
    },
    settled: () => Promise.allSettled(pending),
  }
}

import { KafkaJSNonRetriableError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { CompressionTypes } from '../types/enums.js'
import type { ProducerBatch, TopicMessages } from '../types/index.js'
import { timerDelay } from '../util/timers.js'

/** The messages a caller wants sent: checked, each topic once, in the order first named. */
export interface SendRequest {
  /** Only 0 matters: it does not wait. */
  readonly acks: number
  /** Ms that one transfer may take to be acknowledged; undefined leaves it to `requestTimeout`. */
  readonly timeout: number | undefined
  readonly compression: CompressionTypes | undefined
  readonly topics: readonly TopicMessages[]
}

/**
 * Checks in kafkajs's order and with its texts. Arguments of the wrong shape throw the TypeError that using them gives.
 *
 * @throws KafkaJSNonRetriableError for topics, messages and values that are missing, and messages that are no array.
 */
export function toSendRequest(batch: ProducerBatch, { idempotent }: { idempotent: boolean }): SendRequest {
  const { acks = -1, timeout, compression, topicMessages = [] } = batch
  if (topicMessages.some(({ topic }) => !topic)) throw new KafkaJSNonRetriableError('Invalid topic')
  const misnamed = topicMessages.find(({ topic }) => typeof topic !== 'string')
  if (misnamed) {
    throw new KafkaJSNonRetriableError(
      `Invalid topic ${toError(misnamed.topic).message}: a topic is named by a string, not a ${typeof misnamed.topic}`,
    )
  }
  if (idempotent && acks !== -1) {
    throw new KafkaJSNonRetriableError(
      "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    )
  }
  for (const { topic, messages } of topicMessages) {
    if (!Array.isArray(messages)) throw invalidMessages(messages, topic)
    const withoutValue = messages.find((message) => message.value === undefined)
    if (withoutValue) {
      throw new KafkaJSNonRetriableError(
        `Invalid message without value for topic "${topic}": ${JSON.stringify(withoutValue)}`,
      )
    }
  }
  return { acks, timeout: toTimeout(timeout), compression, topics: merged(topicMessages) }
}

/** No time to answer in is no wish that can be met: what is sent would be stored, and sent again. */
const toTimeout = (timeout: unknown): number | undefined => {
  const ms = Number(timeout ?? 0)
  return ms > 0 ? timerDelay(ms) : undefined
}

function merged(topicMessages: readonly TopicMessages[]): readonly TopicMessages[] {
  if (topicMessages.length < 2) return topicMessages
  const byTopic = new Map<string, TopicMessages['messages'][]>()
  for (const { topic, messages } of topicMessages) {
    const lists = byTopic.get(topic)
    if (lists) lists.push(messages)
    else byTopic.set(topic, [messages])
  }
  return [...byTopic].map(([topic, lists]) => ({ topic, messages: lists.length === 1 ? lists[0]! : lists.flat() }))
}

/** kafkajs has the text for what is missing, and for anything else than an array none. */
function invalidMessages(messages: unknown, topic: string): KafkaJSNonRetriableError {
  if (!messages) return new KafkaJSNonRetriableError(`Invalid messages array [${messages}] for topic "${topic}"`)
  return new KafkaJSNonRetriableError(
    `Invalid messages array [${toError(messages).message}] for topic "${topic}": messages is to be an array, such as [{ key, value }]`,
  )
}

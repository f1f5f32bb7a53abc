import type { Batch, KafkaMessage } from '../../types/index.js'

/** Messages of one partition, as `eachBatch` gets them; facts and arithmetic of kafkajs's `Batch`. */
export function createBatch(
  topic: string,
  partition: number,
  fetchedOffset: number,
  highWatermark: number,
  messages: KafkaMessage[],
): Batch {
  const lag = (offset: number) => String(Math.max(0, highWatermark - 1 - offset))
  const first = messages[0]
  const last = messages[messages.length - 1]
  return {
    topic,
    partition,
    fetchedOffset: String(fetchedOffset),
    highWatermark: String(highWatermark),
    messages,
    rawMessages: messages,
    messagesWithinOffset: messages,
    isEmpty: () => messages.length === 0,
    isEmptyIncludingFiltered: () => messages.length === 0,
    isEmptyDueToFiltering: () => false,
    isEmptyControlRecord: () => false,
    isEmptyDueToLogCompactedMessages: () => false,
    firstOffset: () => first?.offset ?? null,
    lastOffset: () => last?.offset ?? String(highWatermark - 1),
    offsetLag: () => (last ? lag(Number(last.offset)) : '0'),
    offsetLagLow: () => (first ? lag(Number(first.offset)) : '0'),
  } as Batch
}

import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { ITopicConfig } from '../types/index.js'

/** kafkajs's checks of lists of topic names. Without `duplicate` a name may come twice. */
export function checkTopicNames(names: unknown, notArray: string, notString: string, duplicate?: string): void {
  if (!names || !Array.isArray(names)) throw new KafkaJSNonRetriableError(`${notArray} ${names}`)
  if (names.some((name) => typeof name !== 'string')) throw new KafkaJSNonRetriableError(notString)
  if (duplicate !== undefined && new Set(names).size < names.length) throw new KafkaJSNonRetriableError(duplicate)
}

/** kafkajs's checks of `admin.createTopics`. */
export function checkCreateTopics(topics: unknown): asserts topics is ITopicConfig[] {
  if (!topics || !Array.isArray(topics)) throw new KafkaJSNonRetriableError(`Invalid topics array ${topics}`)
  checkTopicNames(
    topics.map((config: ITopicConfig) => config.topic),
    'Invalid topics array',
    'Invalid topics array, the topic names have to be a valid string',
    'Invalid topics array, it cannot have multiple entries for the same topic',
  )
  for (const { topic, configEntries } of topics) checkConfigEntries(topic, configEntries)
}

function checkConfigEntries(topic: string, entries: unknown): void {
  if (entries === undefined || entries === null) return
  const invalid = `Invalid configEntries for topic "${topic}"`
  if (!Array.isArray(entries)) throw new KafkaJSNonRetriableError(`${invalid}, must be an array`)
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null) {
      throw new KafkaJSNonRetriableError(`${invalid}. Entry ${index} must be an object`)
    }
    for (const property of ['name', 'value']) {
      if (typeof entry[property] !== 'string') {
        throw new KafkaJSNonRetriableError(`${invalid}. Entry ${index} must have a valid "${property}" property`)
      }
    }
  }
}

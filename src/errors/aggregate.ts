import { brand, KafkaJSError, textOf } from './base.js'

/** Several things failed. Not a {@link KafkaJSError}, as in kafkajs. @public */
export class KafkaJSAggregateError extends Error {
  /** The failures. */
  declare readonly errors: (Error | string)[]

  /** Takes a text and the errors. */
  constructor(message: Error | string, errors: (Error | string)[]) {
    super(textOf(message))
    Object.assign(this, { errors, name: 'KafkaJSAggregateError' })
  }
}
brand(KafkaJSAggregateError, 'KafkaJSAggregateError')

/** Part of kafkajs's family; this package does not throw it. Not a {@link KafkaJSError}, as in kafkajs. @public */
export class KafkaJSFetcherRebalanceError extends Error {}
brand(KafkaJSFetcherRebalanceError, 'KafkaJSFetcherRebalanceError')

import type { ClientContext } from '../client/context.js'
import { producerSettings } from '../config/config.js'
import { createInstrumentation, createRequests, producerEvents } from '../instrumentation/events.js'
import type { Producer, ProducerBatch, ProducerConfig, ProducerRecord, RecordMetadata } from '../types/index.js'
import { createConnection } from './connection.js'
import { Partitioners } from './partitioners.js'
import { toSendRequest } from './send-request.js'
import { createTransactions } from './transaction/transaction.js'

/**
 * kafkajs's producer: a plain object whose methods need no `this` and may be replaced.
 *
 * @throws KafkaJSNonRetriableError for settings that make no sense.
 */
export function createProducer(context: ClientContext, config?: ProducerConfig): Producer {
  const settings = producerSettings(config, context.settings)
  const logger = context.logger.namespace('Producer')
  const instrumentation = createInstrumentation({ client: 'producer', events: producerEvents, logger })
  const { clientId, requestTimeout, enforceRequestTimeout } = context.settings
  const requests = createRequests({ instrumentation, clientId, requestTimeout, enforceRequestTimeout })
  const partitioner = (settings.createPartitioner ?? Partitioners.DefaultPartitioner)()
  const connection = createConnection({ context, settings, requests, logger, partitioner })
  context.clients.producers.add(connection, connection.diagnostics)
  const transactions = createTransactions({ context, settings, requests, logger, connection })

  const sendBatch = (batch: ProducerBatch): Promise<RecordMetadata[]> => {
    try {
      return connection.send(toSendRequest(batch, settings))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  return {
    async connect() {
      if (await connection.open()) instrumentation.emit('CONNECT')
    },
    async disconnect() {
      transactions.close()
      try {
        await connection.close()
      } finally {
        instrumentation.emit('DISCONNECT')
      }
    },
    isIdempotent: () => settings.idempotent,
    events: producerEvents,
    on: instrumentation.on,
    send(record: ProducerRecord) {
      try {
        const { acks, timeout, compression, topic, messages } = record
        return sendBatch({ acks, timeout, compression, topicMessages: [{ topic, messages }] } as ProducerBatch)
      } catch (error) {
        return Promise.reject(error)
      }
    },
    sendBatch,
    transaction: transactions.begin,
    logger: () => logger,
  }
}

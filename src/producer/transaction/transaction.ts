import assert from 'node:assert'
import type { ClientContext } from '../../client/context.js'
import type { ProducerSettings } from '../../config/settings.js'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../../errors/index.js'
import { createProtocolError } from '../../errors/protocol-errors.js'
import type { Requests } from '../../instrumentation/events.js'
import type { Logger, Offsets, ProducerBatch, ProducerRecord, RecordMetadata, Transaction } from '../../types/index.js'
import type { Connection } from '../connection.js'
import { toSendRequest } from '../send-request.js'
import { TransactionBuffer } from './buffer.js'
import { createTransactionFence, type TransactionFence } from './fence.js'
import { TransactionOffsets } from './offsets.js'
import { TransactionStateMachine } from './state.js'

export interface TransactionsOptions {
  readonly context: ClientContext
  readonly settings: ProducerSettings
  readonly requests: Requests
  readonly logger: Logger
  readonly connection: Connection
}

/** A producer's transactions, one after the other. */
export interface Transactions {
  /**
   * The transaction that `producer.transaction()` begins.
   *
   * @throws KafkaJSNonRetriableError without a transactional id, and while another transaction is open.
   * @throws KafkaJSNotImplemented unless `eventHubs.transactions` is `'buffered'`.
   */
  begin(): Promise<Transaction>
  /** Drops an open transaction, and the claim to the transactional id. */
  close(): void
}

/**
 * Over AMQP Event Hubs has no transactions. With `eventHubs.transactions: 'buffered'` sends are held until `commit()`,
 * which publishes each partition's messages in as few atomic batches as fit and then commits the offsets. So nothing of
 * an aborted transaction is ever seen, and nothing before `commit()`. It is not atomic across partitions, nor across a
 * crash inside `commit()`; a `commit()` that fails may be called again and continues where it stopped.
 */
export function createTransactions(options: TransactionsOptions): Transactions {
  const { context, settings, connection } = options
  const { transactionalId } = settings
  const machine = new TransactionStateMachine()
  let fence: TransactionFence | undefined
  let open: OpenTransaction | undefined

  return {
    async begin() {
      if (!transactionalId) {
        throw new KafkaJSNonRetriableError('Must provide transactional id for transactional producer')
      }
      if (context.settings.eventHubs.transactions === 'reject') {
        throw new KafkaJSNotImplemented(
          "Event Hubs has no transactions over AMQP. eventHubs.transactions: 'buffered' holds messages until commit() " +
            'and then publishes them, which is not atomic across partitions',
        )
      }
      if (machine.state !== 'UNINITIALIZED' && machine.state !== 'READY') {
        throw new KafkaJSNonRetriableError(
          'There is already an ongoing transaction for this producer. Please end the transaction before beginning another.',
        )
      }
      const { storeNamespace } = connection.current().address
      fence ??= createTransactionFence(`${storeNamespace} ${transactionalId}`)
      if (fence.isFenced) throw fencedError()
      fence.claim()
      if (machine.state === 'UNINITIALIZED') machine.transitionTo('READY')
      machine.transitionTo('TRANSACTING')
      open = createTransaction({ ...options, machine, fence })
      return open.transaction
    },
    close() {
      open?.drop()
      open = undefined
      fence?.release()
      fence = undefined
    },
  }
}

interface TransactionOptions extends TransactionsOptions {
  readonly machine: TransactionStateMachine
  readonly fence: TransactionFence
}

interface OpenTransaction {
  readonly transaction: Transaction
  /** Ends it as `abort()` does, if it has not ended. */
  drop(): void
}

function fencedError(): Error {
  return createProtocolError('INVALID_PRODUCER_EPOCH', {
    message: 'A newer producer with the same transactional id has begun a transaction: those of this one are over',
  })
}

function createTransaction(options: TransactionOptions): OpenTransaction {
  const { settings, connection, logger, machine, fence } = options
  const buffer = new TransactionBuffer()
  const offsets = new TransactionOffsets(options)
  const sends = new Set<Promise<unknown>>()
  const endsAt = performance.now() + settings.transactionTimeout
  let hasEnded = false

  const isActive = () => machine.state === 'TRANSACTING' && !hasEnded

  const end = () => {
    hasEnded = true
    buffer.clear()
    machine.transitionTo('READY')
  }

  const drop = () => {
    if (!isActive()) return
    machine.transitionTo('ABORTING')
    if (buffer.hasPublished) {
      logger.warn('The transaction is aborted after a part of it was published, which cannot be taken back')
    }
    end()
  }

  /** A transaction that was taken over, or open for too long, is over as it would be for a Kafka broker. */
  const refuseWhenLost = () => {
    if (!fence.isFenced && performance.now() <= endsAt) return
    drop()
    if (fence.isFenced) throw fencedError()
    throw createProtocolError('INVALID_TXN_STATE', {
      message: `The transaction was open longer than the transactionTimeout of ${settings.transactionTimeout} ms: it is aborted`,
    })
  }

  const guard =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (!isActive()) throw new KafkaJSNonRetriableError('Cannot continue to use transaction once ended')
      refuseWhenLost()
      return method(...args)
    }

  const sendBatch = (batch: ProducerBatch): Promise<RecordMetadata[]> => {
    const sent = connection.send(toSendRequest(batch, { idempotent: true }), (batches) => buffer.add(batches))
    sends.add(sent)
    return sent.finally(() => sends.delete(sent))
  }

  const transaction: Transaction = {
    sendBatch: guard(sendBatch),
    send: guard(({ acks, timeout, compression, topic, messages }: ProducerRecord) =>
      sendBatch({ acks, timeout, compression, topicMessages: [{ topic, messages }] } as ProducerBatch),
    ),
    abort: guard(async () => drop()),
    commit: guard(async () => {
      machine.transitionTo('COMMITTING')
      try {
        await connection.include(async () => {
          await Promise.allSettled(sends)
          await buffer.publish()
          await offsets.commit()
        })
      } catch (error) {
        machine.transitionTo('TRANSACTING')
        throw error
      }
      end()
    }),
    sendOffsets: guard(async ({ consumerGroupId, topics }: Offsets & { consumerGroupId: string }) => {
      assert(consumerGroupId, 'Missing consumerGroupId')
      assert(topics, 'Missing offset topics')
      await offsets.add(consumerGroupId, topics)
    }),
    isActive,
  }

  return { transaction, drop }
}

import type { ClientContext } from '../../client/context.js'
import type { ProducerSettings } from '../../config/settings.js'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import type { EventHubsTransport } from '../../eventhubs/transport.js'
import type { Requests } from '../../instrumentation/events.js'
import { createCommittedOffsets, type OffsetToCommit } from '../../offsets/committed-offsets.js'
import { retry } from '../../retry/retry.js'
import { fromOffset } from '../../translate/offset.js'
import type { CheckpointStore } from '../../types/checkpoint-store.js'
import type { Logger, TopicOffsets } from '../../types/index.js'
import type { Connection } from '../connection.js'

export interface TransactionOffsetsOptions {
  readonly context: ClientContext
  readonly settings: ProducerSettings
  readonly requests: Requests
  readonly logger: Logger
  readonly connection: Connection
}

/** Offsets that a transaction commits at its end, by consumer group. */
export class TransactionOffsets {
  readonly #options: TransactionOffsetsOptions
  readonly #transport: EventHubsTransport
  readonly #byGroup = new Map<string, OffsetToCommit[]>()

  constructor(options: TransactionOffsetsOptions) {
    this.#options = options
    this.#transport = options.connection.transport()
  }

  /** Rejects when they could not be committed later: without a store, and for what is no offset. */
  async add(groupId: string, topics: readonly TopicOffsets[]): Promise<void> {
    const offsets = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition: Number(partition), offset: checked(offset) })),
    )
    await this.#store()
    this.#byGroup.set(groupId, [...(this.#byGroup.get(groupId) ?? []), ...offsets])
  }

  /** Commits them, retrying; those of a group that was committed are not committed again by the next call. */
  async commit(): Promise<void> {
    const { requests, settings, logger } = this.#options
    const transport = this.#transport
    for (const [groupId, offsets] of this.#byGroup) {
      const committed = createCommittedOffsets({ store: await this.#store(), transport, groupId })
      await retry(
        () => requests.run('TxnOffsetCommit', transport.address.broker, () => committed.commit(latest(offsets))),
        settings.retry,
        {
          onRetry: ({ message }, { retryCount, retryTime }) =>
            logger.error(`Failed to commit offsets: ${message}`, { groupId, retryCount, retryTime }),
        },
      )
      this.#byGroup.delete(groupId)
    }
  }

  async #store(): Promise<CheckpointStore> {
    const store = await this.#options.context.checkpointStore(this.#transport)
    if (store) return store
    throw new KafkaJSNonRetriableError(
      'sendOffsets needs a checkpoint store, where the consumer group keeps its offsets: set eventHubs.checkpointStore',
    )
  }
}

/** The last word on each partition. */
function latest(offsets: readonly OffsetToCommit[]): OffsetToCommit[] {
  return [...new Map(offsets.map((entry) => [`${entry.topic} ${entry.partition}`, entry])).values()]
}

function checked(offset: string | number): string {
  const sequenceNumber = fromOffset(offset)
  if (sequenceNumber === undefined || sequenceNumber < -2) {
    throw new KafkaJSNonRetriableError(`Invalid offset, expected a long received ${String(offset)}`)
  }
  return String(sequenceNumber)
}

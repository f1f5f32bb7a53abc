import type { Connection as NamespaceConnection } from '../../client/connection.js'
import type { ProducerSettings } from '../../config/settings.js'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { createCommittedOffsets, type OffsetToCommit } from '../../offsets/committed-offsets.js'
import { retry } from '../../retry/retry.js'
import { topicKey } from '../../translate/names.js'
import { fromOffset } from '../../translate/offset.js'
import type { Logger, TopicOffsets } from '../../types/index.js'
import type { Connection } from '../connection.js'

export interface TransactionOffsetsOptions {
  readonly settings: ProducerSettings
  readonly logger: Logger
  readonly connection: Connection
}

/** Offsets that a transaction commits at its end, by consumer group. */
export class TransactionOffsets {
  readonly #options: TransactionOffsetsOptions
  readonly #connection: NamespaceConnection
  readonly #byGroup = new Map<string, OffsetToCommit[]>()

  constructor(options: TransactionOffsetsOptions) {
    this.#options = options
    this.#connection = options.connection.current()
  }

  /** Rejects when they could not be committed later: without a store, and for what is no offset. */
  async add(groupId: string, topics: readonly TopicOffsets[]): Promise<void> {
    const offsets = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition: Number(partition), offset: checked(offset) })),
    )
    await this.#connection.requireStore('sendOffsets')
    this.#byGroup.set(groupId, [...(this.#byGroup.get(groupId) ?? []), ...offsets])
  }

  /** Commits them, retrying; those of a group that was committed are not committed again by the next call. */
  async commit(): Promise<void> {
    const { settings, logger } = this.#options
    const { transport, requests, address, commits } = this.#connection
    for (const [groupId, offsets] of this.#byGroup) {
      const committed = createCommittedOffsets({
        store: await this.#connection.requireStore('sendOffsets'),
        transport,
        groupId,
      })
      await retry(
        () => requests.run('TxnOffsetCommit', address.broker, () => committed.commit(latest(offsets))),
        settings.retry,
        {
          onRetry: ({ message }, { retryCount, retryTime }) =>
            logger.error(`Failed to commit offsets: ${message}`, { groupId, retryCount, retryTime }),
        },
      )
      this.#byGroup.delete(groupId)
      commits.tell(groupId, latest(offsets))
    }
  }
}

/** The last word on each partition. */
function latest(offsets: readonly OffsetToCommit[]): OffsetToCommit[] {
  return [...new Map(offsets.map((entry) => [`${topicKey(entry.topic)} ${entry.partition}`, entry])).values()]
}

function checked(offset: string | number): string {
  const sequenceNumber = fromOffset(offset)
  if (sequenceNumber === undefined || sequenceNumber < -2) {
    throw new KafkaJSNonRetriableError(`Invalid offset, expected a long received ${String(offset)}`)
  }
  return String(sequenceNumber)
}

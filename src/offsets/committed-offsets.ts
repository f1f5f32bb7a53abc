import { KafkaJSNonRetriableError, protocolTypeOf } from '../errors/index.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import { parsePartition } from '../translate/names.js'
import type { Checkpoint, CheckpointStore } from '../types/checkpoint-store.js'
import { readFirstEvent } from './first-event.js'

/**
 * Committed offsets of one Kafka consumer group, in a checkpoint store.
 *
 * Kafka commits the next offset to read, Event Hubs stores the last event handled: committed offset N is the checkpoint
 * of sequence number N - 1. Beside it stands that event's own offset string, from which processors of other SDKs
 * resume. Two values mark a reset that the group's next run honours, both meaningful to those processors too:
 *
 * | committed | sequence number | offset |
 * |---|---|---|
 * | `'0'` | -1 | `'-1'` (from the start) |
 * | `'-2'`, earliest | -2 | `'-1'` (from the start) |
 * | `'-1'`, latest | -1 | `'@latest'` (from the end) |
 */

const FROM_START = '-1'
const FROM_END = '@latest'
const EARLIEST_SEQUENCE_NUMBER = -2

/** A committed offset of one partition, as kafkajs writes it: decimal, the next offset to read; -1 latest, -2 earliest. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  /** The service's own offset of the event before `offset`, when the caller has it; looked up otherwise. */
  readonly amqpOffset?: string | undefined
}

export interface CommittedOffsets {
  /** Partition → next offset to read, of the partitions that have one. */
  fetch(topic: string): Promise<Map<number, string>>
  /** Writes each; rejects with the first failure, what was written before it stays. */
  commit(offsets: readonly OffsetToCommit[]): Promise<void>
}

export interface CommittedOffsetsOptions {
  readonly store: CheckpointStore
  readonly transport: EventHubsTransport
  readonly groupId: string
}

export function createCommittedOffsets(options: CommittedOffsetsOptions): CommittedOffsets {
  const { store, transport, groupId } = options
  const namespace = transport.address.storeNamespace
  return {
    async fetch(topic) {
      const checkpoints = await store.listCheckpoints(namespace, topic, groupId)
      return new Map(
        checkpoints.flatMap((checkpoint) => {
          const partition = parsePartition(checkpoint.partitionId)
          return partition === undefined ? [] : [[partition, toCommittedOffset(checkpoint)]]
        }),
      )
    },

    async commit(offsets) {
      for (const { topic, partition, offset, amqpOffset } of offsets) {
        const position = toPosition(offset)
        await store.updateCheckpoint({
          fullyQualifiedNamespace: namespace,
          eventHubName: topic,
          consumerGroup: groupId,
          partitionId: String(partition),
          sequenceNumber: position.sequenceNumber,
          offset:
            position.offset ?? amqpOffset ?? (await lookUpOffset(options, topic, partition, position.sequenceNumber)),
        })
      }
    },
  }
}

/**
 * The offset that a checkpoint means to Kafka. One without a sequence number (an unfinished record) is read from the
 * start.
 */
function toCommittedOffset(checkpoint: Pick<Checkpoint, 'sequenceNumber' | 'offset'>): string {
  const { sequenceNumber, offset } = checkpoint
  if (offset === FROM_END) return '-1'
  if (!Number.isSafeInteger(sequenceNumber) || sequenceNumber <= EARLIEST_SEQUENCE_NUMBER) return '-2'
  return String(sequenceNumber + 1)
}

function toPosition(committed: string): { sequenceNumber: number; offset?: string } {
  if (committed === '-1') return { sequenceNumber: -1, offset: FROM_END }
  if (committed === '-2') return { sequenceNumber: EARLIEST_SEQUENCE_NUMBER, offset: FROM_START }
  const next = Number(committed)
  if (!Number.isSafeInteger(next) || next < 0) {
    throw new KafkaJSNonRetriableError(
      `Cannot commit offset ${committed}: Event Hubs numbers events from 0 to 2^53 - 1`,
    )
  }
  return next === 0 ? { sequenceNumber: -1, offset: FROM_START } : { sequenceNumber: next - 1 }
}

const LOOK_UP_TIMEOUT_MS = 10_000

const refusals = ['FENCED_INSTANCE_ID', 'GROUP_MAX_SIZE_REACHED']

const isRefusal = (error: unknown) => refusals.includes(protocolTypeOf(error))

/** The service's own offset of one event; of an event that retention has removed, the start of what is left. */
async function lookUpOffset(
  { transport, groupId }: CommittedOffsetsOptions,
  topic: string,
  partition: number,
  sequenceNumber: number,
): Promise<string> {
  const properties = await transport.getPartitionProperties(topic, String(partition))
  if (sequenceNumber >= properties.lastEnqueuedSequenceNumber) {
    return properties.lastEnqueuedSequenceNumber < 0 ? FROM_START : properties.lastEnqueuedOffset
  }
  if (properties.isEmpty || sequenceNumber < properties.beginningSequenceNumber) return FROM_START

  const looking = readFirstEvent({
    transport,
    topic,
    partitionId: String(partition),
    afterSequenceNumber: sequenceNumber - 1,
    otherGroups: async () => [groupId],
    signal: AbortSignal.timeout(LOOK_UP_TIMEOUT_MS),
  })
  const event = await looking.catch((error: unknown) => {
    // No consumer group lets anybody read beside its readers. Members go by the sequence number all the same;
    // processors of other SDKs begin at the start, which loses nothing.
    if (isRefusal(error)) return undefined
    throw error
  })
  return event?.sequenceNumber === sequenceNumber ? event.offset : FROM_START
}

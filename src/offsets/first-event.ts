import { type KafkaJSError, protocolTypeOf } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { ReceivedEvent } from '../translate/event.js'
import { DEFAULT_CONSUMER_GROUP } from '../translate/names.js'
import { wait } from '../util/wait.js'

export interface FirstEventQuery {
  readonly transport: EventHubsTransport
  readonly topic: string
  readonly partitionId: string
  /** Looks from here on: after a sequence number, -1 being the start, or at what was enqueued later than a time. */
  readonly afterSequenceNumber: number
  readonly enqueuedAfter?: Date
  /** The test of the event it is to be; default: any. */
  isWanted?(event: ReceivedEvent): boolean
  /** Consumer groups to read through when the default one lets nobody in. */
  otherGroups(): Promise<readonly string[]>
  readonly signal?: AbortSignal
}

/**
 * The first event from a position on, read without epoch beside whoever reads the partition. A reader with an epoch, or
 * five others, keep a consumer group closed: then through another. Undefined when there is no event any more.
 */
export async function readFirstEvent(query: FirstEventQuery): Promise<ReceivedEvent | undefined> {
  const refusals: { group: string; error: KafkaJSError }[] = []
  const attempt = async (group: string) => {
    try {
      return { event: await readThrough(group, query) }
    } catch (error) {
      if (query.signal?.aborted || (error as KafkaJSError).retriable !== false) throw error
      refusals.push({ group, error: error as KafkaJSError })
      return undefined
    }
  }
  let found = await attempt(DEFAULT_CONSUMER_GROUP)
  if (!found) {
    for (const group of await query.otherGroups()) {
      found ??= group === DEFAULT_CONSUMER_GROUP ? undefined : await attempt(group)
    }
  }
  if (found) return found.event
  throw refused(query, refusals)
}

/** The silence after which the partition is asked whether there is anything, ms. */
const idleTime = 1000

async function readThrough(consumerGroup: string, query: FirstEventQuery): Promise<ReceivedEvent | undefined> {
  const { transport, topic, partitionId, afterSequenceNumber, enqueuedAfter, signal } = query
  signal?.throwIfAborted()
  const reader = transport.openReader({
    eventHubName: topic,
    consumerGroup,
    partitionId,
    afterSequenceNumber,
    ...(enqueuedAfter && { enqueuedAfter }),
    prefetchCount: 1,
    budget: () => 0,
    onEnd: () => {},
  })
  const abort = () => void reader.close()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    let next = reader.next()
    while (true) {
      const idle = new AbortController()
      const chunk = await Promise.race([next, wait(idleTime, idle.signal)])
      idle.abort()
      signal?.throwIfAborted()
      const wanted = chunk?.events.find((event) => query.isWanted?.(event) ?? true)
      if (wanted) return wanted
      if (chunk) next = reader.next()
      else if ((await transport.getPartitionProperties(topic, partitionId)).isEmpty) return undefined
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    await reader.close()
  }
}

function refused({ topic, partitionId }: FirstEventQuery, refusals: readonly { group: string; error: KafkaJSError }[]) {
  const cause = refusals[0]?.error
  const type = protocolTypeOf(cause) || 'GROUP_MAX_SIZE_REACHED'
  const reasons = refusals.map(({ group, error }) => `${group}: ${error.message}`).join('; ')
  const message =
    `Looking up an event of ${topic} [${partitionId}] needs to read beside others, and no consumer group of the event hub ` +
    `lets it: add one, or free one of five readers without epoch (${reasons})`
  return createProtocolError(type, { message, retriable: false, cause })
}

import type { EventHub } from '../../model/hub.js'
import type { Partition } from '../../model/partition.js'
import { findEventHub, type RequestContext } from '../context.js'
import { ERROR, KafkaError } from '../protocol/error-codes.js'
import { PRODUCE } from '../protocol/schemas/records.js'
import { readBatch } from '../records/batch-reader.js'
import { toEvents } from '../translate/to-event.js'
import { handler, NO_ANSWER } from './handler.js'

/** The outcome of one partition's part of a Produce. */
interface Outcome {
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs?: number
  readonly logStartOffset?: number
  /** Milliseconds the answer waits. */
  readonly delayMs?: number
  readonly loss?: 'connection' | 'link' | 'nothing' | undefined
  readonly throttleMs?: number
}

const NO_OFFSET = -1
/** The most a batch may take decompressed, in multiples of what a message may take. */
const MAX_INFLATION = 16

export const produce = handler(PRODUCE, async (context, request) => {
  const { acks, timeoutMs, topics } = request
  const refusal = refusalOf(context, acks, request.transactionalId)
  const outcomes = await Promise.all(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(async ({ index, records }) => {
        if (refusal !== ERROR.none) return failure(refusal)
        try {
          return await produceTo(context, { name, index, records, timeoutMs })
        } catch (error) {
          if (error instanceof KafkaError) return failure(error.code)
          throw error
        }
      }),
    ),
  )
  const losses = new Set(outcomes.map(({ loss }) => loss))
  if (losses.has('connection') || losses.has('link')) context.destroy()
  if (losses.has('connection') || losses.has('link') || losses.has('nothing')) return NO_ANSWER
  if (acks === 0) {
    // There is no other way to tell. Source: apache/kafka, KafkaApis.handleProduceRequest.
    if (outcomes.some(({ errorCode }) => errorCode !== ERROR.none)) context.destroy()
    return NO_ANSWER
  }
  await pause(Math.max(0, ...outcomes.map(({ delayMs = 0 }) => delayMs)), context)
  let next = 0
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index }) => ({ index, ...(outcomes[next++] as Outcome) })),
    })),
    throttleTimeMs: Math.max(0, ...outcomes.map(({ throttleMs = 0 }) => throttleMs)),
  }
})

function refusalOf(context: RequestContext, acks: number, transactionalId: string | null): number {
  if (context.version < 3) return ERROR.unsupportedVersion
  if (context.requestSize > context.settings.requestMaxBytes) return ERROR.messageTooLarge
  if (transactionalId !== null) return ERROR.transactionalIdAuthorizationFailed
  return acks < -1 || acks > 1 ? ERROR.invalidRequiredAcks : ERROR.none
}

function failure(errorCode: number): Outcome {
  return { errorCode, baseOffset: NO_OFFSET }
}

async function produceTo(
  context: RequestContext,
  options: { name: string; index: number; records: Buffer | null; timeoutMs: number },
): Promise<Outcome> {
  const { name, index, records, timeoutMs } = options
  const { service, settings } = context
  const eventHub = findEventHub(context, name, 'Send')
  if (typeof eventHub === 'number') return failure(eventHub)
  const partition = eventHub.partitions[index]
  if (!partition) return failure(ERROR.unknownTopicOrPartition)
  const fault = service.faults.kafkaErrorOf({ api: context.apiName, hub: name, partition: index })
  if (fault !== undefined) return failure(fault)
  const maxBytes = service.settings.maxMessageSizeInBytes
  if (records === null) return failure(ERROR.invalidRecord)
  if (records.length > maxBytes) return failure(ERROR.messageTooLarge)
  const batch = readBatch(records, { compression: settings.compression, maxBytes: MAX_INFLATION * maxBytes })

  const target = { direction: 'send', eventHub, partition, consumerGroup: undefined } as const
  const throttleMs = service.faults.throttleMsOf(target) ?? 0
  // The service answers so where it would have to wait longer than the client does: azure-docs #95070.
  if (throttleMs > timeoutMs) return failure(ERROR.policyViolation)
  await pause(throttleMs, context)

  return whenThawed(partition, timeoutMs, () => {
    const stored = store(context, { eventHub, partition, batch })
    const loss = service.faults.lossOf(target)
    return { ...stored, loss, delayMs: loss ? 0 : service.faults.dispositionDelayOf(target), throttleMs }
  })
}

/** In one step: what is checked is still true when it is stored. */
function store(
  { service, producers }: RequestContext,
  options: { eventHub: EventHub; partition: Partition; batch: ReturnType<typeof readBatch> },
): Outcome {
  const { eventHub, partition, batch } = options
  const { producer, records } = batch
  const isIdempotent = producer.producerId >= 0
  const repeated = isIdempotent ? producers.storedBefore(partition, producer, records.length) : undefined
  const { log } = partition
  let baseOffset = repeated
  if (baseOffset === undefined) {
    const keepsTime = eventHub.timestampType === 'create'
    baseOffset = log.end
    partition.append(toEvents(records, { keepsTime }))
    service.stats.eventsStored += records.length
    if (isIdempotent) producers.stored(partition, producer, { count: records.length, baseOffset })
  }
  const isLogAppend = eventHub.timestampType !== 'create'
  return {
    errorCode: ERROR.none,
    baseOffset,
    logAppendTimeMs: isLogAppend ? (log.at(baseOffset)?.enqueuedTime ?? log.last?.enqueuedTime ?? -1) : -1,
    logStartOffset: log.begin,
  }
}

/** Does a step when the partition lets things in; when that takes longer than the client waits, not at all. */
function whenThawed(partition: Partition, timeoutMs: number, step: () => Outcome): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    partition.whenThawed(() => {
      if (isOver) return
      clearTimeout(timer)
      isOver = true
      try {
        resolve(step())
      } catch (error) {
        reject(error as Error)
      }
    })
    if (isOver) return
    timer = setTimeout(
      () => {
        isOver = true
        resolve(failure(ERROR.requestTimedOut))
      },
      Math.max(0, timeoutMs),
    )
  })
}

/** Waits, but not for a connection that is gone. */
function pause(ms: number, { onClose }: RequestContext): Promise<void> {
  if (ms <= 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    const remove = onClose(end)
    function end(): void {
      clearTimeout(timer)
      remove()
      resolve()
    }
  })
}

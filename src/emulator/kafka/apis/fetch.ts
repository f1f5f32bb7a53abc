import type { EventHub } from '../../model/hub.js'
import type { Partition } from '../../model/partition.js'
import { findEventHub, type RequestContext } from '../context.js'
import { waitForEvents } from '../fetch-wait.js'
import type { ResponseOf } from '../protocol/api.js'
import { ERROR } from '../protocol/error-codes.js'
import { FETCH } from '../protocol/schemas/records.js'
import { BatchWriter } from '../records/batch-writer.js'
import { toRecord } from '../translate/to-record.js'
import { handler } from './handler.js'

/** One partition of a request: where to read, or why it can't be. */
interface Wanted {
  readonly topic: string
  readonly partitionIndex: number
  readonly offset: number
  readonly maxBytes: number
  readonly source: { readonly eventHub: EventHub; readonly partition: Partition } | { readonly errorCode: number }
}

type PartitionAnswer = ResponseOf<typeof FETCH>['topics'][number]['partitions'][number]

/** Longest wait: who asks for more is held no longer, and asks again. */
const MAX_WAIT_MS = 300_000
/** Records of one batch: what is lost when a reader throws one away is bounded. */
const MAX_BATCH_RECORDS = 1000
const EMPTY = Buffer.alloc(0)

/** No session is ever granted: clients then name all partitions in each request. KIP-227. */
export const fetch = handler(FETCH, async (context, request) => {
  const wanted = request.topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, fetchOffset, partitionMaxBytes }) =>
      want(context, { topic, partition, offset: fetchOffset, maxBytes: partitionMaxBytes }),
    ),
  )
  const readable = wanted.flatMap(({ source }) => ('partition' in source ? [source.partition] : []))
  const isEnough = () => isAnswerable(wanted, request.minBytes)
  const throttleMs = throttleOf(context, wanted)
  const maxWaitMs = Math.min(Math.max(request.maxWaitMs, 0), MAX_WAIT_MS)
  if (throttleMs > 0) {
    // Nothing before the throttle ends; beyond the client's wait the service answers an empty set.
    const { onClose } = context
    await waitForEvents({ partitions: [], maxWaitMs: Math.min(throttleMs, maxWaitMs), isEnough: () => false, onClose })
  } else if (maxWaitMs > 0 && !isEnough()) {
    await waitForEvents({ partitions: readable, maxWaitMs, isEnough, onClose: context.onClose })
  }
  const budget = { left: Math.min(request.maxBytes, context.settings.fetchMaxBytes), isEmpty: true }
  const isThrottled = throttleMs > maxWaitMs
  const answers = wanted.map((each) => answer(context, each, isThrottled ? undefined : budget))
  let next = 0
  return {
    throttleTimeMs: Number.isFinite(throttleMs) ? throttleMs : 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(() => answers[next++] as PartitionAnswer),
    })),
  }
})

function want(
  context: RequestContext,
  { topic, partition: index, offset, maxBytes }: { topic: string; partition: number; offset: number; maxBytes: number },
): Wanted {
  const base = { topic, partitionIndex: index, offset, maxBytes }
  const eventHub = findEventHub(context, topic, 'Listen')
  if (typeof eventHub === 'number') return { ...base, source: { errorCode: eventHub } }
  const partition = eventHub.partitions[index]
  if (!partition) return { ...base, source: { errorCode: ERROR.unknownTopicOrPartition } }
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, hub: topic, partition: index })
  if (fault !== undefined) return { ...base, source: { errorCode: fault } }
  partition.log.trim(Date.now())
  if (offset < partition.log.begin || offset > partition.log.end) {
    return { ...base, source: { errorCode: ERROR.offsetOutOfRange } }
  }
  return { ...base, source: { eventHub, partition } }
}

function throttleOf({ service }: RequestContext, wanted: readonly Wanted[]): number {
  let most = 0
  for (const { source } of wanted) {
    if (!('partition' in source)) continue
    const target = { ...source, direction: 'receive', consumerGroup: undefined } as const
    most = Math.max(most, service.faults.throttleMsOf(target) ?? 0)
  }
  return most
}

/** True when there is as much as was asked for, or something to tell. */
function isAnswerable(wanted: readonly Wanted[], minBytes: number): boolean {
  let available = 0
  for (const { source, offset } of wanted) {
    if (!('partition' in source)) return true
    const { log, isFrozen } = source.partition
    const first = isFrozen ? undefined : log.at(offset)
    if (first) available += log.nextOffset - first.offset
    if (available >= minBytes) return true
  }
  return minBytes <= 0
}

/**
 * Answers one partition. The very first record of a request is given even if it is larger than what was asked for, or its
 * reader would never get on. KIP-74.
 */
function answer(
  context: RequestContext,
  wanted: Wanted,
  budget: { left: number; isEmpty: boolean } | undefined,
): PartitionAnswer {
  const { source, partitionIndex } = wanted
  if ('errorCode' in source) {
    return { partitionIndex, errorCode: source.errorCode, highWatermark: -1, lastStableOffset: -1, records: EMPTY }
  }
  const { log, isFrozen } = source.partition
  let records: Buffer = EMPTY
  if (budget && !isFrozen && (budget.left > 0 || budget.isEmpty)) {
    const maxBytes = Math.min(budget.left, wanted.maxBytes)
    const read = readRecords(context, { ...source, offset: wanted.offset, maxBytes, takesOne: budget.isEmpty })
    records = read.bytes
    context.service.stats.eventsDelivered += read.count
    budget.left -= records.length
    budget.isEmpty &&= records.length === 0
  }
  return {
    partitionIndex,
    errorCode: ERROR.none,
    highWatermark: log.end,
    // Kafka clients read committed records only by default, and there is nothing that is not.
    lastStableOffset: log.end,
    logStartOffset: log.begin,
    records,
  }
}

/** Batches of what came in one millisecond, or, where producers' times are kept, of what there is. */
function readRecords(
  { settings }: RequestContext,
  options: { eventHub: EventHub; partition: Partition; offset: number; maxBytes: number; takesOne: boolean },
): { bytes: Buffer; count: number } {
  const { eventHub, partition, maxBytes, takesOne } = options
  const { log } = partition
  const keepsTime = eventHub.timestampType === 'create'
  const writer = new BatchWriter(
    Math.min(maxBytes, log.nextOffset - (log.at(options.offset)?.offset ?? log.nextOffset)),
  )
  let count = 0
  let time = -1
  let offset = options.offset
  for (let event = log.at(offset); event; event = log.at(++offset)) {
    if (writer.size + event.end - event.start > maxBytes && !(takesOne && count === 0)) break
    const record = toRecord(event, settings.dropInAnnotations)
    const timestamp = keepsTime ? (record.creationTime ?? event.enqueuedTime) : event.enqueuedTime
    if (count === 0 || writer.count >= MAX_BATCH_RECORDS || (!keepsTime && timestamp !== time)) {
      writer.end()
      writer.begin(offset, keepsTime ? { type: 'create', base: timestamp } : { type: 'log-append', time: timestamp })
      time = timestamp
    }
    writer.add({ offset, timestamp, key: record.key, value: record.value, headers: record.headers })
    count++
  }
  return { bytes: writer.bytes(), count }
}

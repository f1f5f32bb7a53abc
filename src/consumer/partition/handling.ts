import { KafkaJSError } from '../../errors/index.js'
import { toError } from '../../errors/thrown.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { fromOffset } from '../../translate/offset.js'
import type { Batch, EachBatchPayload, EachMessagePayload, KafkaMessage } from '../../types/index.js'
import { createBatch } from './batch.js'
import type { PartitionContext } from './context.js'
import { decodeEvents } from './decoding.js'
import type { PartitionStatus } from './status.js'
import type { Chunk } from './stream.js'

/** The partition whose events are handled. */
interface Handling {
  readonly context: PartitionContext
  readonly status: PartitionStatus
}

/** Hands events to `eachMessage` or `eachBatch`, resolves what was handled, and commits it at the end. */
export async function handleChunk(handling: Handling, chunk: Chunk): Promise<void> {
  const { context, status } = handling
  const { topic, partition } = status
  const { handler, progress, instrumentation } = context
  const { autoCommit, offsets } = progress
  const { onUndecodable } = handler
  const { maxBytes } = context.fetching
  const decoded = decodeEvents(chunk.events, { of: { topic, partition }, onUndecodable, maxBytes })
  const all = (decoded instanceof Promise ? await decoded : decoded) as (KafkaMessage | undefined)[]
  const messages = all.includes(undefined) ? all.filter((message) => message !== undefined) : (all as KafkaMessage[])
  // What is left of a chunk comes again.
  const events = all.length < chunk.events.length ? chunk.events.slice(0, all.length) : chunk.events
  if (messages.length === 0) return passOver(handling, events)
  const highWatermark = chunk.lastEnqueued + 1
  const batch = createBatch(topic, partition, chunk.position, highWatermark, messages)
  const begun = Date.now()
  const details = () => ({
    topic,
    partition,
    highWatermark: batch.highWatermark,
    offsetLag: batch.offsetLag(),
    offsetLagLow: batch.offsetLagLow(),
    batchSize: messages.length,
    firstOffset: batch.firstOffset(),
    lastOffset: batch.lastOffset(),
  })
  instrumentation.emit('START_BATCH_PROCESS', details)
  offsets.handing(topic, partition, events)
  try {
    if (handler.eachMessage) await handleMessages(handling, events, all)
    else if (handler.eachBatch) await handleBatch(handling, batch)
  } catch (error) {
    if (autoCommit && !status.isLost()) await offsets.commit({ topic, partition })
    throw error
  }
  if (status.isLost()) return
  instrumentation.emit('END_BATCH_PROCESS', () => ({ ...details(), duration: Date.now() - begun }))
  if (autoCommit) await offsets.commit({ topic, partition })
  handler.heartbeat()
}

/** Events of which the handler gets none count as handled. */
async function passOver({ context, status }: Handling, events: readonly ReceivedEvent[]): Promise<void> {
  const { topic, partition } = status
  const { autoCommit, offsets } = context.progress
  const last = events.at(-1)
  offsets.handing(topic, partition, events)
  if (last) offsets.resolve(topic, partition, last.sequenceNumber + 1)
  if (autoCommit) await offsets.commit({ topic, partition })
}

async function handleMessages(
  handling: Handling,
  events: readonly ReceivedEvent[],
  messages: readonly (KafkaMessage | undefined)[],
): Promise<void> {
  const { context, status } = handling
  const { topic, partition } = status
  const { handler, progress } = context
  const { eachMessage } = handler
  const { autoCommit, offsets } = progress
  if (!eachMessage) return
  const pause = pauser(handling)
  const heartbeat = async () => {
    if (status.isLost()) await status.assertKept()
    handler.heartbeat()
  }
  // Nothing here is to make a promise that a message does not need: this is done for each.
  // Once told to stop, no other message is begun, also before the partition is told to end.
  for (let i = 0; i < messages.length && status.mayGoOn() && handler.isRunning(); i++) {
    const event = events[i] as ReceivedEvent
    const message = messages[i]
    if (message) {
      const payload: EachMessagePayload = { topic, partition, message, heartbeat, pause }
      const call = handler.calls.begin()
      try {
        const result = handler.calls.invoke(call, eachMessage, payload)
        if (result !== undefined) await result
      } catch (error) {
        logHandlerError(handling, 'eachMessage', message.offset, error)
        throw error
      } finally {
        call.running = false
      }
    }
    if (status.isLost() && !(await status.isKept())) return
    // A seek of the handler's own counts more than the message it was called with.
    if (!status.seekPending()) offsets.resolve(topic, partition, event.sequenceNumber + 1)
    handler.heartbeat()
    const commit = autoCommit ? offsets.commitIfDue() : undefined
    if (commit) await commit
  }
}

async function handleBatch(handling: Handling, batch: Batch): Promise<void> {
  const { context, status } = handling
  const { topic, partition } = status
  const { handler, progress } = context
  const { offsets } = progress
  /** The handler has seen that it is to end early: what it has not resolved then is not done. */
  let toldToEnd = false
  const assertKept = async () => {
    if (!status.isLost()) return
    try {
      await status.assertKept()
    } catch (error) {
      toldToEnd = true
      throw error
    }
  }
  const resolveOffset = (offset: string | number) => {
    const last = fromOffset(offset)
    // Noted also when the lease has run out: before it is committed, the store is asked.
    if (last !== undefined && last >= 0 && status.ending !== 'abandon') offsets.resolve(topic, partition, last + 1)
  }
  const payload: EachBatchPayload = {
    batch,
    resolveOffset,
    async heartbeat() {
      await assertKept()
      handler.heartbeat()
    },
    pause: pauser(handling),
    async commitOffsetsIfNecessary(exactly) {
      if (!exactly) return offsets.commitIfDue()
      await assertKept()
      const list = (exactly.topics ?? offsets.uncommitted().topics).flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => ({ topic, partition: Number(partition), offset: String(offset) })),
      )
      await progress.commitExactly(list)
    },
    uncommittedOffsets: () => offsets.uncommitted(),
    isRunning() {
      const running = handler.isRunning() && status.ending === undefined
      toldToEnd ||= !running
      return running
    },
    isStale() {
      const isStale = status.seekPending() || status.isLost()
      toldToEnd ||= isStale
      return isStale
    },
  }
  const call = handler.calls.begin()
  try {
    if (handler.eachBatch) await handler.calls.invoke(call, handler.eachBatch, payload)
  } catch (error) {
    logHandlerError(handling, 'eachBatch', batch.firstOffset(), error)
    throw error
  } finally {
    call.running = false
  }
  if (status.isLost() && !(await status.isKept())) return
  if (handler.eachBatchAutoResolve && !toldToEnd && !status.seekPending()) resolveOffset(batch.lastOffset())
}

/** Pauses this partition; the result resumes it. */
const pauser =
  ({ context, status }: Handling) =>
  () => {
    const entry = [{ topic: status.topic, partitions: [status.partition] }]
    context.progress.pause(entry)
    return () => context.progress.resume(entry)
  }

function logHandlerError({ context, status }: Handling, handler: string, offset: string | null, thrown: unknown) {
  const error = toError(thrown)
  // One of the family says enough itself, as in kafkajs; what is made of something else that was thrown does not.
  if (error === thrown && error instanceof KafkaJSError) return
  const { topic, partition } = status
  const details = { topic, partition, offset, stack: error.stack, error }
  context.logger.error(`Error when calling ${handler}`, details)
}

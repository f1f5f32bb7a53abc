import { KafkaJSError } from '../../errors/index.js'
import { readEvent } from '../../translate/compression.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { fromOffset } from '../../translate/offset.js'
import type { Batch, EachBatchPayload, EachMessagePayload, KafkaMessage } from '../../types/index.js'
import type { RunContext } from '../run/run-context.js'
import { createBatch } from './batch.js'
import type { Chunk } from './stream.js'

/** What the handler of one partition needs to know of it. */
export interface Handling {
  readonly topic: string
  readonly partition: number
  readonly context: RunContext
  /** Whether another message may be handed out. */
  mayGoOn(): boolean
  seekPending(): boolean
  /** Stopping, or handing the partition over. */
  isEnding(): boolean
  /** Another member may be reading already: nothing may be committed. */
  isLost(): boolean
  /** Throws `REBALANCE_IN_PROGRESS` then. */
  assertNotLost(): void
  heartbeat(): Promise<void>
}

/** Hands events to `eachMessage` or `eachBatch`, resolves what was handled, and commits it at the end. */
export async function handleChunk(handling: Handling, chunk: Chunk): Promise<void> {
  const { topic, partition, context } = handling
  const { offsets, instrumentation } = context
  const messages = (await readAll(chunk.events)) as KafkaMessage[]
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
  offsets.handing(topic, partition, chunk.events)
  try {
    if (context.eachMessage) await handleMessages(handling, chunk.events, messages)
    else if (context.eachBatch) await handleBatch(handling, batch)
  } catch (error) {
    if (context.autoCommit && !handling.isLost()) await offsets.commit({ topic, partition })
    throw error
  }
  if (handling.isLost()) return
  instrumentation.emit('END_BATCH_PROCESS', () => ({ ...details(), duration: Date.now() - begun }))
  if (context.autoCommit) await offsets.commit({ topic, partition })
  await context.heartbeat()
}

/** Waits only where a body has to be decompressed. */
function readAll(events: readonly ReceivedEvent[]) {
  const messages = events.map((event) => readEvent(event))
  return messages.some((message) => message instanceof Promise) ? Promise.all(messages) : messages
}

async function handleMessages(
  handling: Handling,
  events: readonly ReceivedEvent[],
  messages: readonly KafkaMessage[],
): Promise<void> {
  const { topic, partition, context } = handling
  const { offsets } = context
  const pause = pauser(handling)
  for (let i = 0; i < messages.length && handling.mayGoOn(); i++) {
    const event = events[i] as ReceivedEvent
    const message = messages[i] as KafkaMessage
    const payload: EachMessagePayload = { topic, partition, message, heartbeat: handling.heartbeat, pause }
    try {
      await context.inHandler(async () => context.eachMessage?.(payload))
    } catch (error) {
      logHandlerError(handling, 'eachMessage', message.offset, error)
      throw error
    }
    if (handling.isLost()) return
    // A seek of the handler's own counts more than the message it was called with.
    if (!handling.seekPending()) offsets.resolve(topic, partition, event.sequenceNumber + 1, event.offset)
    await context.heartbeat()
    if (context.autoCommit) await offsets.commitIfDue()
  }
}

async function handleBatch(handling: Handling, batch: Batch): Promise<void> {
  const { topic, partition, context } = handling
  const { offsets } = context
  /** The handler has seen that it is to end early: what it has not resolved then is not done. */
  let toldToEnd = false
  const resolveOffset = (offset: string | number) => {
    const last = fromOffset(offset)
    if (last !== undefined && last >= 0 && !handling.isLost()) offsets.resolve(topic, partition, last + 1)
  }
  const payload: EachBatchPayload = {
    batch,
    resolveOffset,
    heartbeat: handling.heartbeat,
    pause: pauser(handling),
    async commitOffsetsIfNecessary(exactly) {
      if (!exactly) return offsets.commitIfDue()
      handling.assertNotLost()
      const list = (exactly.topics ?? offsets.uncommitted().topics).flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => ({ topic, partition: Number(partition), offset: String(offset) })),
      )
      await context.commitExactly(list)
    },
    uncommittedOffsets: () => offsets.uncommitted(),
    isRunning() {
      const running = context.isRunning() && !handling.isEnding()
      toldToEnd ||= !running
      return running
    },
    isStale: () => handling.seekPending() || handling.isLost(),
  }
  try {
    await context.inHandler(async () => context.eachBatch?.(payload))
  } catch (error) {
    logHandlerError(handling, 'eachBatch', batch.firstOffset(), error)
    throw error
  }
  if (context.eachBatchAutoResolve && !toldToEnd && !handling.seekPending()) resolveOffset(batch.lastOffset())
}

/** Pauses this partition; the result resumes it. */
const pauser =
  ({ topic, partition, context }: Handling) =>
  () => {
    const entry = [{ topic, partitions: [partition] }]
    context.pause(entry)
    return () => context.resume(entry)
  }

function logHandlerError(
  { topic, partition, context }: Handling,
  handler: string,
  offset: string | null,
  error: unknown,
) {
  if (error instanceof KafkaJSError) return
  const { stack } = (error ?? {}) as Partial<Error>
  context.logger.error(`Error when calling ${handler}`, {
    topic,
    partition,
    offset,
    stack,
    error,
  })
}

import { randomUUID } from 'node:crypto'
import type {
  Admin,
  AssignerProtocol,
  ConnectionStringConfig,
  Kafka,
  KafkaConfig,
  PartitionAssigner,
} from '../exports.js'
import { CommandError } from './errors.js'
import type { ConsumedMessage } from './message-format.js'

/** The start in each partition. */
export type Start =
  | { readonly at: 'beginning' | 'end' }
  | { readonly at: 'offset'; readonly offset: bigint }
  | { readonly at: 'time'; readonly timestamp: number }

/** The partitions to be read, outside any group. */
export interface ReadOptions {
  readonly config: KafkaConfig | ConnectionStringConfig
  readonly topics: readonly string[]
  /** Default: all. */
  readonly partitions?: readonly number[]
  readonly start: Start
  /** Ends where the partitions end now; what has come in since is left out. */
  readonly untilEnd: boolean
  /** With `untilEnd`: not more than so many of each partition. */
  readonly mostPerPartition?: number
  /** Event Hubs consumer group to read through. Default `$Default`. */
  readonly through?: string
  readonly signal: AbortSignal
  /** Gets one message at a time per partition; false ends the reading. */
  onMessage(consumed: ConsumedMessage): Promise<boolean> | boolean
  /** Told once, when the positions are known and reading begins. */
  onStart?(): void
  /** Told when a partition has been asked for messages and has answered, with some or none. */
  onFetch?(): void
  /** The most retries in a row. Default 5. */
  readonly retries?: number
  /** The time for which a partition without messages is asked. Default 5 s. */
  readonly maxWaitTimeInMs?: number
}

/**
 * Reads without a trace: the group is of this call's own and keeps its offsets in memory. They are set before it begins,
 * so there is no moment at which a message of another position could slip in.
 */
export async function readTopics(options: ReadOptions): Promise<void> {
  const library = await import('../exports.js')
  const { config, topics, partitions, signal } = options
  const kafka = new library.Kafka({
    ...config,
    eventHubs: {
      ...config.eventHubs,
      checkpointStore: library.memoryCheckpointStore(),
      consumerGroup: () => options.through ?? '$Default',
    },
  } as KafkaConfig)
  const groupId = `kafkajs-eventhubs-reader-${randomUUID()}`
  const ends = new EndTracker()
  const admin = kafka.admin()
  try {
    for (const topic of topics) {
      const positions = await positionsOf(admin, topic, options)
      const partitions = positions.map(({ partition, begin }) => ({ partition, offset: String(begin) }))
      await admin.setOffsets({ groupId, topic, partitions })
      for (const { partition, begin, end } of positions) {
        const last = options.mostPerPartition === undefined ? end : begin + BigInt(options.mostPerPartition)
        ends.expect(topic, partition, begin, last < end ? last : end)
      }
    }
  } finally {
    await admin.disconnect()
  }
  options.onStart?.()
  if (options.untilEnd && ends.isReached) return
  await runUntil({
    kafka,
    groupId,
    topics,
    signal,
    ...(options.onFetch && { onFetch: options.onFetch }),
    ...(options.retries !== undefined && { retries: options.retries }),
    ...(options.maxWaitTimeInMs !== undefined && { maxWaitTimeInMs: options.maxWaitTimeInMs }),
    ...(partitions && { assigner: onlyPartitions(partitions, library.AssignerProtocol) }),
    async onMessage(consumed) {
      const { topic, partition, message } = consumed
      const position = BigInt(message.offset) + 1n
      if (options.untilEnd && ends.isBeyond(topic, partition, position)) return true
      if (!(await options.onMessage(consumed))) return false
      ends.reach(topic, partition, position)
      return !(options.untilEnd && ends.isReached)
    },
  })
}

/** True to go on, false after the last one, `unhandled` for one that must come again: it ends the run as well. */
export type Outcome = boolean | 'unhandled'

interface Run {
  readonly kafka: Kafka
  readonly groupId: string
  readonly topics: readonly string[]
  readonly fromBeginning?: boolean
  readonly assigner?: PartitionAssigner
  readonly signal: AbortSignal
  onMessage(consumed: ConsumedMessage): Promise<Outcome>
  onAssigned?(assignment: Record<string, number[]>): void
  onFetch?(): void
  readonly retries?: number
  readonly maxWaitTimeInMs?: number
}

/** Consumes until a message is the last, the signal aborts or the consumer fails. */
export async function runUntil(run: Run): Promise<void> {
  const { kafka, groupId, topics, fromBeginning = false, assigner, signal, retries = 5 } = run
  const consumer = kafka.consumer({
    groupId,
    ...(assigner && { partitionAssigners: [assigner] }),
    ...(run.maxWaitTimeInMs !== undefined && { maxWaitTimeInMs: run.maxWaitTimeInMs }),
    retry: { retries, ...(retries === 0 && { restartOnFailure: async () => false }) },
  })
  let finish: (error?: Error) => void = () => {}
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error ? reject(error) : resolve())
  })
  // Rejections are awaited below, after the subscription.
  finished.catch(() => {})
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) finish(payload.error)
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => run.onAssigned?.(payload.memberAssignment))
  consumer.on(consumer.events.FETCH, () => run.onFetch?.())
  const interrupt = () => finish()
  signal.addEventListener('abort', interrupt)
  let isOver = false
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning })
    await consumer.run({
      eachBatchAutoResolve: false,
      async eachBatch({ batch, resolveOffset, isRunning, isStale }) {
        const { topic, partition } = batch
        for (const message of batch.messages) {
          if (isOver || signal.aborted || !isRunning() || isStale()) return
          const goesOn = await run.onMessage({ topic, partition, message })
          if (goesOn !== 'unhandled') resolveOffset(message.offset)
          if (goesOn !== true) {
            isOver = true
            finish()
          }
        }
      },
    })
    if (!signal.aborted) await finished
  } finally {
    signal.removeEventListener('abort', interrupt)
    await consumer.disconnect()
  }
}

/** The partitions that are still behind the end they had. */
export class EndTracker {
  readonly #ends = new Map<string, bigint>()
  readonly #behind = new Set<string>()

  expect(topic: string, partition: number, position: bigint, end: bigint): void {
    this.#ends.set(`${topic} ${partition}`, end)
    if (position < end) this.#behind.add(`${topic} ${partition}`)
  }

  reach(topic: string, partition: number, position: bigint): void {
    if (position >= this.#endOf(topic, partition)) this.#behind.delete(`${topic} ${partition}`)
  }

  isBeyond(topic: string, partition: number, position: bigint): boolean {
    return position > this.#endOf(topic, partition)
  }

  /** Others read what is not in here. */
  keepOnly(assignment: Readonly<Record<string, readonly number[]>>): void {
    const kept = new Set(Object.entries(assignment).flatMap(([topic, list]) => list.map((p) => `${topic} ${p}`)))
    for (const key of this.#behind) if (!kept.has(key)) this.#behind.delete(key)
  }

  get isReached(): boolean {
    return this.#behind.size === 0
  }

  #endOf(topic: string, partition: number): bigint {
    return this.#ends.get(`${topic} ${partition}`) ?? 0n
  }
}

async function positionsOf(admin: Admin, topic: string, { partitions, start }: ReadOptions) {
  const ends = await admin.fetchTopicOffsets(topic)
  const unknown = partitions?.find((wanted) => !ends.some(({ partition }) => partition === wanted))
  if (unknown !== undefined) {
    throw new CommandError(`${topic} has no partition ${unknown}: they are 0 to ${ends.length - 1}`)
  }
  const byTime =
    start.at === 'time'
      ? new Map(
          (await admin.fetchTopicOffsetsByTimestamp(topic, start.timestamp)).map((entry) => [
            entry.partition,
            BigInt(entry.offset),
          ]),
        )
      : undefined
  return ends
    .filter(({ partition }) => partitions?.includes(partition) ?? true)
    .map(({ partition, low, high }) => {
      const end = BigInt(high)
      const begin = byTime?.get(partition) ?? beginOf(start, BigInt(low), end)
      return { partition, begin, end }
    })
}

function beginOf(start: Start, low: bigint, end: bigint): bigint {
  if (start.at === 'beginning') return low
  if (start.at !== 'offset') return end
  const wanted = start.offset < 0n ? end + start.offset : start.offset
  return wanted < low ? low : wanted
}

/** An assigner for a group of one member that reads some partitions and leaves the others alone. */
function onlyPartitions(partitions: readonly number[], protocol: typeof AssignerProtocol): PartitionAssigner {
  const name = `only-${partitions.join('-')}`
  return () => ({
    name,
    version: 0,
    async assign({ members, topics }) {
      const assignment = Object.fromEntries(topics.map((topic) => [topic, [...partitions]]))
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: protocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
      }))
    },
    protocol: ({ topics }) => ({
      name,
      metadata: protocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
    }),
  })
}

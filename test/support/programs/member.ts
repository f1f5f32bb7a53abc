import { existsSync } from 'node:fs'
import {
  type CheckpointStore,
  type ConsumerConfig,
  type ConsumerRunConfig,
  fileCheckpointStore,
  Kafka,
  PartitionAssigners,
} from '../../../src/index.js'
import { commands, report } from '../program.js'

/** What a {@link startMember} program is told, as JSON in the environment variable `MEMBER`. */
export interface MemberOptions {
  readonly connectionString: string
  /** String form of the checkpoint store. */
  readonly store: string
  /** With a store in files: as long as this file is there, every call of the store fails with an error of the disk's. */
  readonly awayWhile?: string
  readonly groupId: string
  readonly topics: readonly string[]
  readonly clientId?: string
  /** Default true: tests produce before members come, too. */
  readonly fromBeginning?: boolean
  /** How long handling one message takes, ms. */
  readonly handlerDelay?: number
  /** `batch` handles a batch message by message, resolving each. */
  readonly handler?: 'message' | 'batch'
  /** `after each` commits each message by hand; give `autoCommit: false` with it. */
  readonly commit?: 'after each'
  readonly consumer?: Omit<ConsumerConfig, 'groupId' | 'retry'>
  /** Default: the library's. */
  readonly assigner?: 'sticky'
  readonly run?: Omit<ConsumerRunConfig, 'eachMessage' | 'eachBatch'>
  readonly logLevel?: number
}

/** Microseconds of the machine's monotonic clock: lines of several programs can be put in order by it. */
interface At {
  readonly at: number
}

export type MemberLine =
  /** It is about to join. */
  | ({ readonly type: 'starting' } & At)
  | { readonly type: 'ready' }
  /** A batch is about to be handled. */
  | ({
      readonly type: 'batch'
      readonly topic: string
      readonly partition: number
      readonly firstOffset: string
      readonly lastOffset: string
    } & At)
  /** The handler has begun with a message. */
  | ({ readonly type: 'started'; readonly topic: string; readonly partition: number; readonly offset: string } & At)
  /** The handler is done with it; its offset is not committed yet. */
  | ({
      readonly type: 'message'
      readonly topic: string
      readonly partition: number
      readonly offset: string
      readonly key: string | null
      readonly value: string | null
    } & At)
  | ({ readonly type: 'committed'; readonly topic: string; readonly partition: number; readonly offset: string } & At)
  | ({
      readonly type: 'joined'
      readonly memberId: string
      readonly assignment: Readonly<Record<string, number[]>>
      readonly duration: number
    } & At)
  | ({ readonly type: 'rebalancing' } & At)
  | ({ readonly type: 'crashed'; readonly message: string; readonly restart: boolean } & At)
  /** What the process holds, as asked for. */
  | ({ readonly type: 'held'; readonly heap: number; readonly resources: number; readonly sockets: number } & At)
  /** It has left the group and ends. */
  | ({ readonly type: 'left' } & At)

export type MemberCommand =
  | { readonly do: 'leave' }
  | { readonly do: 'tell what is held' }
  /** Does nothing else for so long, as synchronous work would. */
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'delay'; readonly handlerDelay: number }
  | { readonly do: 'pause' | 'resume'; readonly topics: readonly { topic: string; partitions?: number[] }[] }

const now = () => Number(process.hrtime.bigint() / 1000n)

/** The program itself; importing the types from here starts nothing. */
async function runMember(options: MemberOptions): Promise<void> {
  const { connectionString, groupId, topics, clientId = `member-${process.pid}`, logLevel = 1 } = options
  let { handlerDelay = 0 } = options
  const kafka = new Kafka({ clientId, logLevel, eventHubs: { connectionString, checkpointStore: storeOf(options) } })
  const consumer = kafka.consumer({
    ...options.consumer,
    groupId,
    ...(options.assigner === 'sticky' && { partitionAssigners: [PartitionAssigners.sticky] }),
  })

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const { memberId, memberAssignment, duration } = payload
    report({ type: 'joined', memberId, assignment: memberAssignment, duration, at: now() })
  })
  consumer.on(consumer.events.REBALANCING, () => report({ type: 'rebalancing', at: now() }))
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
    const { topic, partition, firstOffset, lastOffset } = payload
    report({ type: 'batch', topic, partition, firstOffset, lastOffset, at: now() })
  })
  consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) => {
    for (const { topic, partitions } of payload.topics) {
      for (const { partition, offset } of partitions) {
        report({ type: 'committed', topic, partition: Number(partition), offset, at: now() })
      }
    }
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    report({ type: 'crashed', message: payload.error.message, restart: payload.restart, at: now() })
  })

  const handle = async (topic: string, partition: number, message: HandledMessage): Promise<void> => {
    const { offset } = message
    report({ type: 'started', topic, partition, offset, at: now() })
    if (handlerDelay > 0) await new Promise((resolve) => setTimeout(resolve, handlerDelay))
    const key = message.key?.toString() ?? null
    const value = message.value?.toString() ?? null
    report({ type: 'message', topic, partition, offset, key, value, at: now() })
    if (options.commit !== 'after each') return
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(offset) + 1n) }])
  }

  const leave = async () => {
    await consumer.disconnect()
    report({ type: 'left', at: now() })
    process.exit(0)
  }
  process.once('SIGTERM', leave)
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: options.fromBeginning ?? true })
  report({ type: 'starting', at: now() })
  await consumer.run({
    // A handler that leaves the rest of a batch when it is told to stop must not have the rest resolved for it.
    ...(options.handler === 'batch' && { eachBatchAutoResolve: false }),
    ...options.run,
    ...(options.handler === 'batch'
      ? {
          async eachBatch({ batch, resolveOffset, heartbeat, isRunning, isStale }) {
            for (const message of batch.messages) {
              if (!isRunning() || isStale()) return
              await handle(batch.topic, batch.partition, message)
              resolveOffset(message.offset)
              await heartbeat()
            }
          },
        }
      : { eachMessage: ({ topic, partition, message }) => handle(topic, partition, message) }),
  })
  report({ type: 'ready' })

  for await (const command of commands<MemberCommand>()) {
    if (command.do === 'leave') break
    if (command.do === 'tell what is held') report({ type: 'held', ...held(), at: now() })
    else if (command.do === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, command.ms)
    else if (command.do === 'delay') handlerDelay = command.handlerDelay
    else consumer[command.do](command.topics.map((one) => ({ ...one })))
  }
  await leave()
}

function storeOf({ store, awayWhile }: MemberOptions): CheckpointStore | string {
  if (!awayWhile) return store
  const files = fileCheckpointStore(store.replace(/^file:/, ''))
  return new Proxy(files, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...given: unknown[]) => {
        if (existsSync(awayWhile)) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
        return method.apply(target, given)
      }
    },
  })
}

function held() {
  const resources = process.getActiveResourcesInfo()
  const sockets = resources.filter((name) => /^(TCP|TLS)/.test(name)).length
  return { heap: process.memoryUsage().heapUsed, resources: resources.length, sockets }
}

type HandledMessage = { offset: string; key: Buffer | null; value: Buffer | null }

const given = process.env['MEMBER']
if (given) await runMember(JSON.parse(given) as MemberOptions)

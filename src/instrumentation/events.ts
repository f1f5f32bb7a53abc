import { isKafkaJSError, KafkaJSNonRetriableError, KafkaJSRequestTimeoutError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { AdminEvents, ConsumerEvents, InstrumentationEvent, Logger, ProducerEvents } from '../types/index.js'
import { timerDelay } from '../util/timers.js'

const network = <C extends string>(client: C) =>
  ({
    REQUEST: `${client}.network.request`,
    REQUEST_TIMEOUT: `${client}.network.request_timeout`,
    REQUEST_QUEUE_SIZE: `${client}.network.request_queue_size`,
  }) as const

/** `producer.events`. */
export const producerEvents: ProducerEvents = {
  CONNECT: 'producer.connect',
  DISCONNECT: 'producer.disconnect',
  ...network('producer'),
}

/** `admin.events`. */
export const adminEvents: AdminEvents = {
  CONNECT: 'admin.connect',
  DISCONNECT: 'admin.disconnect',
  ...network('admin'),
}

/** `consumer.events`. */
export const consumerEvents: ConsumerEvents = {
  HEARTBEAT: 'consumer.heartbeat',
  COMMIT_OFFSETS: 'consumer.commit_offsets',
  GROUP_JOIN: 'consumer.group_join',
  FETCH: 'consumer.fetch',
  FETCH_START: 'consumer.fetch_start',
  START_BATCH_PROCESS: 'consumer.start_batch_process',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CONNECT: 'consumer.connect',
  DISCONNECT: 'consumer.disconnect',
  STOP: 'consumer.stop',
  CRASH: 'consumer.crash',
  REBALANCING: 'consumer.rebalancing',
  RECEIVED_UNSUBSCRIBED_TOPICS: 'consumer.received_unsubscribed_topics',
  ...network('consumer'),
}

/** The type of a listener inside: kafkajs declares `id` a string and sends a number. */
type Listener = (event: InstrumentationEvent<never>) => unknown

/** A client's events: who listens, and telling them. */
export interface Instrumentation<Events extends Record<string, string>> {
  /** Names by constant; what `client.events` is. */
  readonly events: Events
  /**
   * Adds a listener and returns its remover. Throws `KafkaJSNonRetriableError` for a name that is none of `events`.
   * What `client.on` is.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the public overloads give each name its payload
  on(name: Events[keyof Events], listener: (event: InstrumentationEvent<any>) => void): () => void
  /**
   * Tells listeners, synchronously and in order. The payload, or the function that makes it, is only looked at when
   * someone listens. A listener that throws or rejects is logged and harms nothing.
   */
  emit(key: keyof Events, payload?: object | (() => object)): void
  /** True while someone listens. */
  has(key: keyof Events): boolean
}

export interface InstrumentationOptions<Events extends Record<string, string>> {
  readonly client: 'producer' | 'consumer' | 'admin'
  readonly events: Events
  readonly logger: Logger
}

/** Event ids count up over the whole process, as in kafkajs, and only for events that someone hears. */
let nextEventId = 0

export function createInstrumentation<Events extends Record<string, string>>({
  client,
  events,
  logger,
}: InstrumentationOptions<Events>): Instrumentation<Events> {
  const listeners = new Map<string, readonly Listener[]>()
  const names = new Set(Object.values(events))

  const failed = (thrown: unknown, type: string) => {
    const { message, stack } = toError(thrown)
    logger.error(`Failed to execute listener: ${message}`, { eventName: type, stack })
  }

  return {
    events,
    on(name, listener) {
      if (!names.has(name)) {
        const known = Object.keys(events).map((key) => `${client}.events.${key}`)
        throw new KafkaJSNonRetriableError(`Event name should be one of ${known.join(', ')}`)
      }
      listeners.set(name, [...(listeners.get(name) ?? []), listener])
      let active = true
      return () => {
        if (!active) return
        active = false
        const remaining = [...(listeners.get(name) ?? [])]
        remaining.splice(remaining.lastIndexOf(listener), 1)
        if (remaining.length > 0) listeners.set(name, remaining)
        else listeners.delete(name)
      }
    },
    emit(key, payload) {
      const type = events[key] as string
      const heard = listeners.get(type)
      if (!heard) return
      const event = {
        id: nextEventId++,
        type,
        timestamp: Date.now(),
        payload: typeof payload === 'function' ? payload() : payload,
      } as unknown as InstrumentationEvent<never>
      for (const listener of heard) {
        try {
          const result = listener(event) as { then?: unknown } | undefined
          if (typeof result?.then === 'function') Promise.resolve(result).catch((error) => failed(error, type))
        } catch (error) {
          failed(error, type)
        }
      }
    },
    has: (key) => listeners.has(events[key] as string),
  }
}

/** Kafka's requests, as kafkajs names them: number, and the version that current brokers answer. */
export const apis = {
  Produce: [0, 7],
  Fetch: [1, 11],
  ListOffsets: [2, 3],
  Metadata: [3, 6],
  OffsetCommit: [8, 5],
  OffsetFetch: [9, 4],
  GroupCoordinator: [10, 2],
  JoinGroup: [11, 5],
  Heartbeat: [12, 3],
  LeaveGroup: [13, 3],
  SyncGroup: [14, 3],
  DescribeGroups: [15, 2],
  ListGroups: [16, 2],
  SaslHandshake: [17, 1],
  ApiVersions: [18, 2],
  CreateTopics: [19, 3],
  DeleteTopics: [20, 3],
  DeleteRecords: [21, 1],
  InitProducerId: [22, 1],
  AddPartitionsToTxn: [24, 1],
  AddOffsetsToTxn: [25, 1],
  EndTxn: [26, 1],
  TxnOffsetCommit: [28, 1],
  DescribeConfigs: [32, 2],
  AlterConfigs: [33, 1],
  SaslAuthenticate: [36, 1],
  CreatePartitions: [37, 1],
  DeleteGroups: [42, 1],
} as const satisfies Record<string, readonly [apiKey: number, apiVersion: number]>

/** The Kafka request that an operation stands for. */
export type ApiName = keyof typeof apis

export interface RequestOptions {
  /** Ms; the longer of this and `requestTimeout` counts, as in kafkajs. */
  readonly timeout?: number
  /** Bytes sent or received, or what tells them when the operation has succeeded. Default 0. */
  readonly size?: number | (() => number)
}

/** Runs operations against the service, timed and told of. */
export interface Requests {
  /**
   * Runs one operation. Emits `REQUEST_QUEUE_SIZE` as it begins and ends, and `REQUEST` when the service has answered.
   * After the timeout the signal aborts, `REQUEST_TIMEOUT` is emitted and the promise rejects with
   * `KafkaJSRequestTimeoutError`.
   */
  run<T>(
    apiName: ApiName,
    broker: string,
    operation: (signal: AbortSignal) => Promise<T>,
    options?: RequestOptions,
  ): Promise<T>
  /** Tells that a request which something else has timed has expired, and gives the error of it. */
  expired(apiName: ApiName, broker: string, createdAt: number): KafkaJSRequestTimeoutError
}

export interface RequestsOptions {
  readonly instrumentation: Pick<
    Instrumentation<Pick<ProducerEvents, 'REQUEST' | 'REQUEST_TIMEOUT' | 'REQUEST_QUEUE_SIZE'>>,
    'emit' | 'has'
  >
  readonly clientId: string
  /** Ms. */
  readonly requestTimeout: number
  readonly enforceRequestTimeout: boolean
}

export function createRequests(options: RequestsOptions): Requests {
  const { clientId, requestTimeout, enforceRequestTimeout } = options
  // Only the three network events are used, which every client has.
  const instrumentation = options.instrumentation
  let correlations = 0
  let running = 0

  const queueSize = (broker: string) => {
    if (instrumentation.has('REQUEST_QUEUE_SIZE'))
      instrumentation.emit('REQUEST_QUEUE_SIZE', { broker, clientId, queueSize: running })
  }

  const expired = (apiName: ApiName, broker: string, createdAt: number, correlationId: number) => {
    const [apiKey, apiVersion] = apis[apiName]
    const times = { broker, clientId, correlationId, createdAt, sentAt: createdAt, pendingDuration: 0 }
    instrumentation.emit('REQUEST_TIMEOUT', { ...times, apiName, apiKey, apiVersion })
    return new KafkaJSRequestTimeoutError(`Request ${apiName}(key: ${apiKey}, version: ${apiVersion}) timed out`, times)
  }

  // One promise and one timer per request, and nothing is put together that nobody listens for: a producer comes by
  // here for each transfer.
  return {
    expired: (apiName, broker, createdAt) => expired(apiName, broker, createdAt, correlations++),

    run<T>(
      apiName: ApiName,
      broker: string,
      operation: (signal: AbortSignal) => Promise<T>,
      { timeout = 0, size = 0 }: RequestOptions = {},
    ): Promise<T> {
      const correlationId = correlations++
      const createdAt = Date.now()
      const controller = new AbortController()
      const [apiKey, apiVersion] = apis[apiName]
      const times = () => ({ broker, clientId, correlationId, createdAt, sentAt: createdAt, pendingDuration: 0 })
      const api = () => ({ apiName, apiKey, apiVersion })
      running++
      queueSize(broker)

      return new Promise<T>((resolve, reject) => {
        let isOver = false
        const end = (isAnswered: boolean) => {
          isOver = true
          clearTimeout(timer)
          running--
          if (isAnswered && instrumentation.has('REQUEST')) {
            const bytes = typeof size === 'function' ? size() : size
            instrumentation.emit('REQUEST', { ...times(), size: bytes, duration: Date.now() - createdAt, ...api() })
          }
          queueSize(broker)
        }
        const expire = () => {
          end(false)
          const error = expired(apiName, broker, createdAt, correlationId)
          reject(error)
          controller.abort(error)
        }
        const timer = enforceRequestTimeout
          ? setTimeout(expire, timerDelay(Math.max(requestTimeout, timeout)))
          : undefined
        const fail = (error: unknown) => {
          // What a request says after it has expired is of no interest any more.
          if (isOver) return
          end(isAnswer(error))
          reject(error)
        }
        const succeed = (result: T) => {
          if (isOver) return
          end(true)
          resolve(result)
        }
        try {
          operation(controller.signal).then(succeed, fail)
        } catch (error) {
          fail(error)
        }
      })
    },
  }
}

/** True for an error that is the service's answer, rather than the lack of one. */
const isAnswer = (thrown: unknown) => {
  const error = toError(thrown)
  return error === thrown && isKafkaJSError(error) && 'type' in error
}

import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { RetrySettings } from '../retry/retry.js'
import { logLevel } from '../types/enums.js'
import type {
  AdminConfig,
  ConnectionStringConfig,
  ConsumerConfig,
  EventHubsOptions,
  KafkaConfig,
  ProducerConfig,
  RetryOptions,
  SASLOptions,
} from '../types/index.js'
import { LONGEST_TIMER_MS } from '../util/timers.js'
import { refuseUnsupported } from './refusals.js'
import type { AdminSettings, ConsumerSettings, EventHubsSettings, KafkaSettings, ProducerSettings } from './settings.js'

export { type ResolvedNamespace, resolveNamespace } from './namespace.js'
export * from './settings.js'

const defaultRetry: RetrySettings = {
  initialRetryTime: 300,
  factor: 0.2,
  multiplier: 2,
  maxRetryTime: 30_000,
  retries: 5,
}

/** `KAFKAJS_LOG_LEVEL`, if it names a level. */
export function environmentLogLevel(): logLevel | undefined {
  const name = (process.env['KAFKAJS_LOG_LEVEL'] ?? '').toUpperCase()
  return Object.hasOwn(logLevel, name) ? logLevel[name as keyof typeof logLevel] : undefined
}

/** True when `KAFKAJS_NO_PARTITIONER_WARNING` is set, to anything. */
export const isPartitionerWarningSilenced = (): boolean => process.env['KAFKAJS_NO_PARTITIONER_WARNING'] !== undefined

const invalid = (name: string, expected: string, value: unknown): never => {
  throw new KafkaJSNonRetriableError(`Invalid ${name}, expected ${expected}, received ${String(value)}`)
}

/** Numbers as kafkajs takes them: null is the default, text from the environment is read. */
function number(
  name: string,
  value: unknown,
  preset: number,
  { least = 0, most = Number.POSITIVE_INFINITY } = {},
): number {
  if (value === undefined || value === null) return preset
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof parsed !== 'number' || Number.isNaN(parsed) || parsed < least)
    return invalid(name, least > 0 ? `a number of at least ${least}` : 'a number that is not negative', value)
  return Math.min(parsed, most)
}

const milliseconds = (name: string, value: unknown, preset: number) =>
  number(name, value, preset, { most: LONGEST_TIMER_MS })

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (value === undefined || value === null) return allowed[0] as T
  if (allowed.includes(value as T)) return value as T
  return invalid(name, allowed.map((item) => `'${item}'`).join(' or '), value)
}

/** A number of things. */
function wholeNumber(name: string, value: unknown): number {
  const count = number(name, value, 1, { least: 1 })
  return Number.isSafeInteger(count) ? count : invalid(name, 'a whole number', value)
}

/** Refuses what is of another shape than its type says. It is not repeated: it may have a key in it. */
function checkShape(name: string, value: unknown, expected: string, fits: (value: object | string) => boolean): void {
  if (value === undefined || value === null) return
  const isFit = (typeof value === 'string' || typeof value === 'object') && fits(value)
  if (!isFit) invalid(`eventHubs.${name}`, expected, `one of type ${Array.isArray(value) ? 'array' : typeof value}`)
}

const isText = (value: object | string) => typeof value === 'string'

const hasMethods = (value: object | string, names: readonly string[]) =>
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')

const storeMethods = ['claimOwnership', 'listOwnership', 'updateCheckpoint', 'listCheckpoints']

/** The options whose values are objects or text of the user's. Plain JavaScript knows no types. */
function checkShapes(options: EventHubsOptions): void {
  const { connectionString, auth, proxy, customEndpointAddress, checkpointStore, management } = options
  checkShape('connectionString', connectionString, 'text', isText)
  checkShape('customEndpointAddress', customEndpointAddress, 'text', isText)
  checkShape('auth', auth, 'an object with getCredential(), such as azureAdAuth({ credential })', (value) =>
    hasMethods(value, ['getCredential']),
  )
  checkShape('proxy', proxy, 'a URL as text, or an http.Agent', (value) => isText(value) || hasMethods(value, ['on']))
  checkShape(
    'checkpointStore',
    checkpointStore,
    `text, or an object with ${storeMethods.join('(), ')}(), such as blobCheckpointStore({ containerClient })`,
    (value) => isText(value) || hasMethods(value, storeMethods),
  )
  if (management === false) return
  checkShape('management', management, 'false or an object', (value) => !isText(value))
  oneOf('eventHubs.management.kind', management?.kind, ['namespace', 'arm'])
}

function retrySettings(...layers: (RetryOptions | undefined | null)[]): RetrySettings {
  const given: RetryOptions = Object.assign({}, ...layers)
  const field = (name: keyof RetrySettings) => number(`retry.${name}`, given[name], defaultRetry[name])
  return Object.freeze({
    initialRetryTime: field('initialRetryTime'),
    factor: field('factor'),
    multiplier: field('multiplier'),
    maxRetryTime: field('maxRetryTime'),
    retries: field('retries'),
  })
}

function eventHubsSettings(options: EventHubsOptions = {}): EventHubsSettings {
  const { transport, consumerGroup, transactions, compression, undecodable, ...others } = options
  const { maxBatchSize, prefetchCount, ...rest } = others
  checkShapes(rest)
  const checkpointStore = rest.checkpointStore ?? process.env['KAFKAJS_EVENTHUBS_CHECKPOINT_STORE']
  return Object.freeze({
    ...rest,
    transport: oneOf('eventHubs.transport', transport, ['amqp', 'websockets']),
    consumerGroup:
      typeof consumerGroup === 'function'
        ? consumerGroup
        : oneOf('eventHubs.consumerGroup', consumerGroup, ['auto', 'dedicated', '$Default']),
    transactions: oneOf('eventHubs.transactions', transactions, ['reject', 'buffered']),
    compression: oneOf('eventHubs.compression', compression, ['none', 'body']),
    undecodable: oneOf('eventHubs.undecodable', undecodable, ['deliver', 'skip']),
    ...(checkpointStore && { checkpointStore }),
    ...(maxBatchSize != null && { maxBatchSize: wholeNumber('eventHubs.maxBatchSize', maxBatchSize) }),
    ...(prefetchCount != null && { prefetchCount: wholeNumber('eventHubs.prefetchCount', prefetchCount) }),
  })
}

/**
 * Reads what `new Kafka()` was given. Brokers are not looked at before a client connects, as in kafkajs.
 *
 * @throws KafkaJSNotImplemented or KafkaJSSASLAuthenticationError for what Event Hubs over AMQP cannot do.
 * @throws KafkaJSNonRetriableError for values that make no sense.
 */
export function kafkaSettings(config: KafkaConfig | ConnectionStringConfig): KafkaSettings {
  // As in kafkajs: no configuration at all is a mistake in code.
  if (config === undefined || config === null) throw new TypeError('new Kafka() needs a configuration object')
  refuseUnsupported(config)
  // It has no effect; what makes no sense is refused all the same.
  milliseconds('authenticationTimeout', config.authenticationTimeout, 10_000)
  return Object.freeze({
    clientId: config.clientId ?? 'kafkajs',
    brokers: config.brokers,
    ssl: config.ssl,
    sasl: config.sasl as SASLOptions | undefined,
    connectionTimeout: milliseconds('connectionTimeout', config.connectionTimeout, 10_000),
    reauthenticationThreshold: milliseconds('reauthenticationThreshold', config.reauthenticationThreshold, 10_000),
    requestTimeout: milliseconds('requestTimeout', config.requestTimeout, 30_000),
    enforceRequestTimeout: config.enforceRequestTimeout ?? true,
    retry: config.retry,
    eventHubs: eventHubsSettings(config.eventHubs),
  })
}

/** The mechanism that kafkajs would use; undefined with an `eventHubs.auth` of one's own. */
export function saslMechanismOf({ sasl, eventHubs }: KafkaSettings): 'PLAIN' | 'OAUTHBEARER' | undefined {
  if (eventHubs.auth) return undefined
  if (sasl?.mechanism.toLowerCase() === 'oauthbearer') return 'OAUTHBEARER'
  return sasl || eventHubs.connectionString !== undefined ? 'PLAIN' : undefined
}

/** Reads what `kafka.producer()` was given. */
export function producerSettings(config: ProducerConfig | undefined, kafka: KafkaSettings): ProducerSettings {
  const given = config ?? {}
  const retry = retrySettings(kafka.retry, given.retry)
  const idempotent = given.idempotent ?? false
  if (idempotent && retry.retries < 1)
    throw new KafkaJSNonRetriableError('Idempotent producer must allow retries to protect against transient errors')
  return Object.freeze({
    createPartitioner: given.createPartitioner ?? undefined,
    retry,
    metadataMaxAge: milliseconds('metadataMaxAge', given.metadataMaxAge, 300_000),
    allowAutoTopicCreation: given.allowAutoTopicCreation ?? true,
    idempotent,
    transactionalId: given.transactionalId ?? undefined,
    transactionTimeout: milliseconds('transactionTimeout', given.transactionTimeout, 60_000),
    maxInFlightRequests: optionalCount('maxInFlightRequests', given.maxInFlightRequests),
  })
}

/**
 * Reads what `kafka.consumer()` was given. `Kafka`'s `retry.retries` does not hold for a consumer without a `retry` of
 * its own: it has 5, as in kafkajs.
 */
export function consumerSettings(config: ConsumerConfig | undefined, kafka: KafkaSettings): ConsumerSettings {
  const given: Partial<ConsumerConfig> = config ?? {}
  const { groupId } = given
  if (typeof groupId !== 'string' || groupId === '')
    throw new KafkaJSNonRetriableError('Consumer groupId must be a non-empty string.')
  const sessionTimeout = milliseconds('sessionTimeout', given.sessionTimeout, 30_000)
  const heartbeatInterval = milliseconds('heartbeatInterval', given.heartbeatInterval, 3_000)
  if (heartbeatInterval >= sessionTimeout)
    throw new KafkaJSNonRetriableError(
      `Consumer heartbeatInterval (${heartbeatInterval}) must be lower than sessionTimeout (${sessionTimeout}). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.`,
    )
  // They have no effect; what makes no sense is refused all the same.
  number('minBytes', given.minBytes, 1)
  optionalCount('maxInFlightRequests', given.maxInFlightRequests)
  const ownRetry = given.retry ?? { retries: 5 }
  return Object.freeze({
    groupId,
    partitionAssigners: given.partitionAssigners,
    metadataMaxAge: milliseconds('metadataMaxAge', given.metadataMaxAge, 300_000),
    sessionTimeout,
    rebalanceTimeout: milliseconds('rebalanceTimeout', given.rebalanceTimeout, 60_000),
    heartbeatInterval,
    maxBytesPerPartition: number('maxBytesPerPartition', given.maxBytesPerPartition, 1_048_576, { least: 1 }),
    maxBytes: number('maxBytes', given.maxBytes, 10_485_760, { least: 1 }),
    maxWaitTimeInMs: milliseconds('maxWaitTimeInMs', given.maxWaitTimeInMs, 5_000),
    retry: retrySettings(kafka.retry, ownRetry),
    restartOnFailure: ownRetry.restartOnFailure ?? kafka.retry?.restartOnFailure,
    allowAutoTopicCreation: given.allowAutoTopicCreation ?? true,
  })
}

/** Reads what `kafka.admin()` was given. */
export function adminSettings(config: AdminConfig | undefined, kafka: KafkaSettings): AdminSettings {
  return Object.freeze({ retry: retrySettings(kafka.retry, config?.retry) })
}

const optionalCount = (name: string, value: unknown): number | null =>
  value === undefined || value === null ? null : number(name, value, 1, { least: 1 })

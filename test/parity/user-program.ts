/**
 * A program as users of kafkajs write them. It is compiled twice, against kafkajs and against this package in its place
 * (`user-program.test.ts`), and imports nothing of ours: not one line may need a change.
 */
import { EventEmitter } from 'node:events'
import kafkajs, {
  type Admin,
  type Assigner,
  AssignerProtocol,
  type Assignment,
  type Batch,
  type BrokersFunction,
  type Cluster,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  type Consumer,
  type ConsumerConfig,
  type ConsumerCrashEvent,
  type ConsumerGroupJoinEvent,
  type ConsumerRunConfig,
  type ConsumerSubscribeTopics,
  type EachBatchHandler,
  type EachBatchPayload,
  type EachMessageHandler,
  type EachMessagePayload,
  type GroupDescription,
  type GroupMember,
  type GroupMemberAssignment,
  type ICustomPartitioner,
  type IHeaders,
  type InstrumentationEvent,
  type ISocketFactory,
  type ITopicConfig,
  Kafka,
  type KafkaConfig,
  KafkaJSAggregateError,
  KafkaJSConnectionError,
  KafkaJSDeleteGroupsError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNotImplemented,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
  type KafkaMessage,
  type LogEntry,
  type Logger,
  type logCreator,
  logLevel,
  type Mechanism,
  type Message,
  type OauthbearerProviderResponse,
  type Offsets,
  type PartitionAssigner,
  PartitionAssigners,
  type PartitionerArgs,
  Partitioners,
  type PartitionMetadata,
  type Producer,
  type ProducerBatch,
  type ProducerConfig,
  type ProducerRecord,
  type RecordMetadata,
  type RetryOptions,
  type SASLOptions,
  type SeekEntry,
  type TopicMessages,
  type TopicPartitionOffsetAndMetadata,
  type Transaction,
} from 'kafkajs'

// --- Logging -------------------------------------------------------------------------------------------------------

interface Sink {
  write(level: string, line: string, extra: Record<string, unknown>): void
}

const toSinkLevel = (level: logLevel): string => {
  switch (level) {
    case logLevel.ERROR:
    case logLevel.NOTHING:
      return 'error'
    case logLevel.WARN:
      return 'warn'
    case logLevel.INFO:
      return 'info'
    case logLevel.DEBUG:
      return 'debug'
  }
}

const createSinkLogger =
  (sink: Sink): logCreator =>
  (level) => {
    const threshold = toSinkLevel(level)
    return ({ namespace, level, label, log }: LogEntry) => {
      const { message, timestamp, ...extra } = log
      sink.write(toSinkLevel(level), `${timestamp} ${label} [${namespace}] ${message} (${threshold})`, extra)
    }
  }

const levelFromEnvironment = (name: string | undefined): logLevel => {
  if (name && name in logLevel) return logLevel[name as keyof typeof logLevel]
  const numeric: number = Number(name)
  return Number.isNaN(numeric) ? logLevel.INFO : numeric
}

const labels: Record<logLevel, string> = {
  [logLevel.NOTHING]: 'nothing',
  [logLevel.ERROR]: 'error',
  [logLevel.WARN]: 'warn',
  [logLevel.INFO]: 'info',
  [logLevel.DEBUG]: 'debug',
}

// --- Configuration -------------------------------------------------------------------------------------------------

const retry: RetryOptions = { initialRetryTime: 100, retries: 8, maxRetryTime: 10_000, factor: 0.1, multiplier: 1.5 }

const discover: BrokersFunction = async () => {
  const response = await Promise.resolve({ clusters: [{ host: 'my-namespace.servicebus.windows.net' }] })
  return response.clusters.map(({ host }) => `${host}:9093`)
}

const bearer = async (): Promise<OauthbearerProviderResponse> => ({ value: 'token' })

const sasl = (kind: string): SASLOptions => {
  if (kind === 'plain')
    return { mechanism: 'plain', username: '$ConnectionString', password: process.env['CONNECTION_STRING'] ?? '' }
  if (kind === 'scram') return { mechanism: 'scram-sha-256', username: 'user', password: 'password' }
  if (kind === 'aws')
    return { mechanism: 'aws', authorizationIdentity: 'a', accessKeyId: 'b', secretAccessKey: 'c', sessionToken: 'd' }
  return { mechanism: 'oauthbearer', oauthBearerProvider: bearer }
}

const mechanism: Mechanism = {
  mechanism: 'custom',
  authenticationProvider: ({ host, port, logger, saslAuthenticate }) => ({
    authenticate: async () => {
      logger.debug(`Authenticating with ${host}:${port}`)
      await saslAuthenticate({ request: { encode: () => Buffer.from('hello') } })
    },
  }),
}

declare const socketFactory: ISocketFactory

const configs: KafkaConfig[] = [
  { clientId: 'app', brokers: ['my-namespace.servicebus.windows.net:9093'], ssl: true, sasl: sasl('plain') },
  { brokers: discover, ssl: { rejectUnauthorized: true, ca: [Buffer.from('pem')] }, sasl: mechanism, socketFactory },
  {
    brokers: () => ['localhost:9092'],
    connectionTimeout: 3000,
    authenticationTimeout: 5000,
    reauthenticationThreshold: 10_000,
    requestTimeout: 25_000,
    enforceRequestTimeout: true,
    retry: { ...retry, restartOnFailure: async (error) => !(error instanceof KafkaJSNonRetriableError) },
    logLevel: levelFromEnvironment(process.env['LOG_LEVEL']),
    logCreator: createSinkLogger({ write: (level, line) => console.log(level, line) }),
  },
]

class TracedKafka extends Kafka {
  readonly started = Date.now()

  constructor(config: KafkaConfig) {
    super({ ...config, clientId: `${config.clientId ?? 'none'}-traced` })
  }

  override producer(config?: ProducerConfig): Producer {
    const producer = super.producer(config)
    const { send } = producer
    producer.send = async (record) => {
      const started = performance.now()
      try {
        return await send(record)
      } finally {
        this.logger().debug('sent', { topic: record.topic, took: performance.now() - started })
      }
    }
    return producer
  }
}

const brokerList = (config: KafkaConfig): string =>
  typeof config.brokers === 'function' ? 'dynamic' : config.brokers.join(',')

// --- Partitioning --------------------------------------------------------------------------------------------------

const byTenant: ICustomPartitioner = () => {
  const seen = new Map<string, number>()
  return ({ topic, partitionMetadata, message }: PartitionerArgs): number => {
    const available: PartitionMetadata[] = partitionMetadata.filter(({ leader }) => leader >= 0)
    const tenant = String(message.headers?.['tenant'] ?? message.key ?? topic)
    const known = seen.get(tenant)
    if (known !== undefined) return known
    const chosen = available[seen.size % available.length]?.partitionId ?? 0
    seen.set(tenant, chosen)
    return chosen
  }
}

const fallingBack: ICustomPartitioner = () => {
  const fallback = Partitioners.DefaultPartitioner()
  const legacy = Partitioners.LegacyPartitioner()
  return (args) => (args.message.key === null ? legacy(args) : fallback(args))
}

// --- Assignment ----------------------------------------------------------------------------------------------------

interface RackData {
  rack: string
}

const byRack =
  (rack: string): PartitionAssigner =>
  ({ cluster, groupId, logger }): Assigner => {
    const name = 'RackAssigner'
    const version = 1
    const partitionsOf = (topics: string[]) =>
      topics.flatMap((topic) =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ topic, partition: partitionId })),
      )
    return {
      name,
      version,
      async assign({
        members,
        topics,
      }: {
        members: GroupMember[]
        topics: string[]
      }): Promise<GroupMemberAssignment[]> {
        const racks = members.map(({ memberId, memberMetadata }) => {
          const decoded = AssignerProtocol.MemberMetadata.decode(memberMetadata)
          const data: RackData = decoded ? JSON.parse(decoded.userData.toString()) : { rack: '' }
          return { memberId, rack: data.rack }
        })
        logger.info('assigning', { groupId, racks })
        const assignments: Record<string, Assignment> = {}
        partitionsOf(topics).forEach(({ topic, partition }, index) => {
          const { memberId } = racks[index % racks.length] ?? { memberId: 'nobody' }
          const own = assignments[memberId] ?? {}
          own[topic] = [...(own[topic] ?? []), partition]
          assignments[memberId] = own
        })
        return Object.entries(assignments).map(([memberId, assignment]) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version,
            assignment,
            userData: Buffer.alloc(0),
          }),
        }))
      },
      protocol: ({ topics }) => ({
        name,
        metadata: AssignerProtocol.MemberMetadata.encode({
          version,
          topics,
          userData: Buffer.from(JSON.stringify({ rack } satisfies RackData)),
        }),
      }),
    }
  }

class NestLikeAssigner {
  readonly name = 'NestReplyPartitionAssigner'
  readonly version = 1

  private readonly replies: Map<string, number>
  private readonly config: { cluster: Cluster }

  constructor(replies: Map<string, number>, config: { cluster: Cluster }) {
    this.replies = replies
    this.config = config
  }

  async assign(group: { members: GroupMember[]; topics: string[] }): Promise<GroupMemberAssignment[]> {
    const topic = group.topics[0] ?? ''
    const count = this.config.cluster.findTopicPartitionMetadata(topic).length
    return group.members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: this.version,
        assignment: { [topic]: [(this.replies.get(memberId) ?? 0) % count] },
        userData: Buffer.from(''),
      }),
    }))
  }

  protocol(subscription: { topics: string[] }) {
    return {
      name: this.name,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: this.version,
        topics: subscription.topics,
        userData: Buffer.from(JSON.stringify([...this.replies])),
      }),
    }
  }
}

// --- Producing -----------------------------------------------------------------------------------------------------

interface Order {
  id: string
  tenant: string
  total: number
}

const toMessage = ({ id, tenant, ...rest }: Order): Message => ({
  key: id,
  value: JSON.stringify(rest),
  headers: { tenant, tags: ['new', Buffer.from('unpaid')], source: Buffer.from([1, 2, 3]) },
  timestamp: Date.now().toString(),
})

class OrderProducer {
  readonly #producer: Producer
  #connected = false

  constructor(kafka: Kafka, config: ProducerConfig = {}) {
    this.#producer = kafka.producer({ createPartitioner: byTenant, allowAutoTopicCreation: false, retry, ...config })
    const { CONNECT, DISCONNECT, REQUEST, REQUEST_TIMEOUT, REQUEST_QUEUE_SIZE } = this.#producer.events
    const remove = this.#producer.on(CONNECT, ({ timestamp, type }) => {
      this.#connected = true
      console.log(type, timestamp)
      remove()
    })
    this.#producer.on(DISCONNECT, () => {
      this.#connected = false
    })
    this.#producer.on(REQUEST, ({ payload }) => {
      const [host] = payload.broker.split(':')
      console.log(host, payload.apiName, payload.apiKey, payload.apiVersion, payload.duration / 1000, payload.size)
    })
    this.#producer.on(REQUEST_TIMEOUT, ({ payload: { apiName, correlationId } }) => console.log(apiName, correlationId))
    this.#producer.on(REQUEST_QUEUE_SIZE, (event) => console.log(event.payload.queueSize, event.id.toString()))
    this.#producer.on('producer.connect', (event) => console.log(event.payload))
  }

  get connected(): boolean {
    return this.#connected
  }

  async start(): Promise<void> {
    await this.#producer.connect()
    this.#producer
      .logger()
      .namespace('Orders', logLevel.DEBUG)
      .info('started', { idempotent: this.#producer.isIdempotent() })
  }

  async place(orders: Order[]): Promise<RecordMetadata[]> {
    const record: ProducerRecord = {
      topic: 'orders',
      messages: orders.map(toMessage),
      acks: -1,
      timeout: 30_000,
      compression: CompressionTypes.GZIP,
    }
    const written = await this.#producer.send(record)
    for (const { topicName, partition, errorCode, baseOffset, logAppendTime, logStartOffset } of written)
      console.log(topicName, partition, errorCode, baseOffset ?? '-1', logAppendTime, logStartOffset)
    return written
  }

  async fanOut(order: Order): Promise<void> {
    const topicMessages: TopicMessages[] = ['audit', 'billing'].map((topic) => ({
      topic,
      messages: [
        toMessage(order),
        { value: null, key: Buffer.from(order.id) },
        { value: Buffer.from('x'), partition: 0 },
      ],
    }))
    const batch: ProducerBatch = { topicMessages, acks: 1, compression: CompressionTypes.None }
    await this.#producer.sendBatch(batch)
  }

  async exactlyOnce(order: Order, offsets: Offsets & { consumerGroupId: string }): Promise<void> {
    const transaction: Transaction = await this.#producer.transaction()
    try {
      await transaction.send({ topic: 'orders', messages: [toMessage(order)] })
      await transaction.sendOffsets(offsets)
      await transaction.commit()
    } catch (error) {
      if (transaction.isActive()) await transaction.abort()
      throw error
    }
  }

  stop = (): Promise<void> => this.#producer.disconnect()
}

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async (encoder: { buffer: Buffer }) => encoder.buffer,
  decompress: async (buffer: Buffer) => buffer,
})

// --- Consuming -----------------------------------------------------------------------------------------------------

const textOf = (value: IHeaders[string]): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map((item) => item.toString()) : [value.toString()]

const describeMessage = (message: KafkaMessage): string => {
  const headers = message.headers ? Object.entries(message.headers).map(([name, value]) => [name, textOf(value)]) : []
  return `${message.offset} ${message.timestamp} ${message.attributes} ${message.key?.toString()} ${JSON.stringify(headers)}`
}

const consumerConfig: ConsumerConfig = {
  groupId: 'billing',
  partitionAssigners: [
    byRack('west'),
    PartitionAssigners.roundRobin,
    (config) => new NestLikeAssigner(new Map(), config),
  ],
  sessionTimeout: 45_000,
  rebalanceTimeout: 90_000,
  heartbeatInterval: 5_000,
  metadataMaxAge: 60_000,
  maxBytesPerPartition: 512 * 1024,
  minBytes: 1,
  maxBytes: 4 * 1024 * 1024,
  maxWaitTimeInMs: 500,
  allowAutoTopicCreation: false,
  maxInFlightRequests: 1,
  readUncommitted: false,
  rackId: 'west',
  retry: { retries: 10, restartOnFailure: async (error: Error) => error.name !== 'KafkaJSNotImplemented' },
}

class Billing extends EventEmitter {
  readonly #consumer: Consumer
  readonly #log: Logger
  #assignment: Record<string, number[]> = {}

  constructor(kafka: Kafka) {
    super()
    this.#log = kafka.logger().namespace('Billing')
    this.#consumer = kafka.consumer(consumerConfig)
    const { events } = this.#consumer
    this.#consumer.on(events.GROUP_JOIN, ({ payload }: ConsumerGroupJoinEvent) => {
      this.#assignment = payload.memberAssignment
      this.#log.info(`${payload.memberId} of ${payload.groupId}`, { leader: payload.isLeader, took: payload.duration })
    })
    this.#consumer.on(events.CRASH, async ({ payload: { error, groupId, restart } }: ConsumerCrashEvent) => {
      this.#log.error(`crash of ${groupId}`, { error: error.message, restart })
      if (!restart) this.emit('dead', error)
    })
    this.#consumer.on(events.COMMIT_OFFSETS, ({ payload: { topics } }) => {
      for (const { topic, partitions } of topics)
        this.#log.debug(topic, { offsets: partitions.map(({ offset }) => offset) })
    })
    this.#consumer.on(events.HEARTBEAT, ({ payload }) =>
      this.#log.debug(`${payload.memberId} ${payload.groupGenerationId}`),
    )
    this.#consumer.on(events.START_BATCH_PROCESS, ({ payload }) => this.#log.debug(payload.firstOffset))
    this.#consumer.on(events.END_BATCH_PROCESS, ({ payload }) =>
      this.#log.debug(`${payload.batchSize} in ${payload.duration}`),
    )
    this.#consumer.on(events.FETCH_START, ({ payload }) => this.#log.debug(`${payload.nodeId}`))
    this.#consumer.on(events.FETCH, ({ payload }) => this.#log.debug(`${payload.numberOfBatches}`))
    this.#consumer.on(events.REBALANCING, ({ payload }) => this.#log.warn(payload.groupId))
    this.#consumer.on(events.RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload }) =>
      this.#log.warn(payload.topicsNotSubscribed.join()),
    )
    for (const event of [events.CONNECT, events.DISCONNECT, events.STOP] as const)
      this.#consumer.on(event, (given: InstrumentationEvent<unknown>) => this.emit(given.type))
  }

  onMessage: EachMessageHandler = async ({ topic, partition, message, heartbeat, pause }: EachMessagePayload) => {
    if (message.value === null) return
    const order = JSON.parse(message.value.toString()) as Order
    if (order.total < 0) {
      const resume = pause()
      setTimeout(() => resume(), 1_000)
      throw new Error(`Order ${order.id} of ${topic}/${partition} must wait`)
    }
    this.#log.info(describeMessage(message))
    await heartbeat()
  }

  onBatch: EachBatchHandler = async (payload: EachBatchPayload) => {
    const { batch, resolveOffset, heartbeat, isRunning, isStale, commitOffsetsIfNecessary, uncommittedOffsets } =
      payload
    const lagging: Batch = batch
    if (Number(lagging.offsetLag()) > 1_000) this.#log.warn('behind', { low: lagging.offsetLagLow() })
    for (const message of batch.messages) {
      if (!isRunning() || isStale()) break
      this.#log.info(describeMessage(message))
      resolveOffset(message.offset)
      await heartbeat()
    }
    await commitOffsetsIfNecessary(uncommittedOffsets())
    await commitOffsetsIfNecessary()
    if (batch.isEmpty() || batch.firstOffset() === null) payload.pause()()
    this.#log.debug(`${batch.topic} ${batch.partition} ${batch.lastOffset()} of ${batch.highWatermark}`)
  }

  async start(mode: 'message' | 'batch'): Promise<void> {
    const subscription: ConsumerSubscribeTopics = { topics: ['orders', /^audit-.*/], fromBeginning: true }
    await this.#consumer.connect()
    await this.#consumer.subscribe(subscription)
    await this.#consumer.subscribe({ topic: 'legacy' })
    const options: ConsumerRunConfig = {
      autoCommit: true,
      autoCommitInterval: 5_000,
      autoCommitThreshold: null,
      partitionsConsumedConcurrently: 3,
      ...(mode === 'message'
        ? { eachMessage: this.onMessage }
        : { eachBatch: this.onBatch, eachBatchAutoResolve: false }),
    }
    await this.#consumer.run(options)
  }

  async rewind(topic: string): Promise<void> {
    this.#consumer.pause([{ topic, partitions: [0] }, { topic: 'audit' }])
    this.#consumer.seek({ topic, partition: 0, offset: '0' })
    const offsets: TopicPartitionOffsetAndMetadata[] = [{ topic, partition: 0, offset: '12', metadata: 'rewound' }]
    await this.#consumer.commitOffsets(offsets)
    for (const { topic, partitions } of this.#consumer.paused()) this.#consumer.resume([{ topic, partitions }])
  }

  async state(): Promise<string> {
    const { state, members, protocol, protocolType }: GroupDescription = await this.#consumer.describeGroup()
    const mine = members.map(({ memberId, clientId, clientHost, memberAssignment }) => {
      const assignment = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment
      return `${memberId} ${clientId}@${clientHost} ${JSON.stringify(assignment ?? this.#assignment)}`
    })
    return `${state} ${protocol} ${protocolType} ${mine.join()}`
  }

  async stop(): Promise<void> {
    await this.#consumer.stop()
    await this.#consumer.disconnect()
  }
}

// --- Administration ------------------------------------------------------------------------------------------------

const setUp = async (admin: Admin, topics: ITopicConfig[]): Promise<boolean> => {
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const created = await admin.createTopics({
      topics: topics.filter(({ topic }) => !existing.has(topic)),
      waitForLeaders: true,
      validateOnly: false,
      timeout: 10_000,
    })
    await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 8 }] })
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics: ['orders'] })
    console.log(metadata.map(({ name, partitions }) => `${name}: ${partitions.length}`))
    const { brokers, controller, clusterId } = await admin.describeCluster()
    console.log(
      brokers.map(({ nodeId, host, port }) => `${nodeId} ${host}:${port}`),
      controller,
      clusterId,
    )
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'orders', configNames: ['retention.ms'] }],
    })
    console.log(described.resources.flatMap(({ configEntries }) => configEntries.map((entry) => entry.configValue)))
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        { type: ConfigResourceTypes.TOPIC, name: 'orders', configEntries: [{ name: 'retention.ms', value: '1' }] },
      ],
    })
    return created
  } finally {
    await admin.disconnect()
  }
}

const resetGroup = async (admin: Admin, groupId: string, topic: string, since?: number): Promise<SeekEntry[]> => {
  const committed = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: false })
  for (const { partitions } of committed)
    for (const { partition, offset, metadata } of partitions) console.log(partition, offset, metadata ?? 'none')
  const watermarks = await admin.fetchTopicOffsets(topic)
  console.log(watermarks.map(({ partition, high, low, offset }) => [partition, high, low, offset]))
  const entries = await admin.fetchTopicOffsetsByTimestamp(topic, since)
  await admin.setOffsets({ groupId, topic, partitions: entries })
  await admin.resetOffsets({ groupId, topic, earliest: true })
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '10' }] })
  return entries
}

const cleanUp = async (admin: Admin): Promise<void> => {
  const { groups } = await admin.listGroups()
  const { groups: details } = await admin.describeGroups(groups.map(({ groupId }) => groupId))
  const empty = details.filter(({ state }) => state === 'Empty' || state === 'Dead').map(({ groupId }) => groupId)
  try {
    const results = await admin.deleteGroups(empty)
    console.log(results.map(({ groupId, errorCode, error }) => `${groupId} ${errorCode} ${error?.message}`))
  } catch (error) {
    if (error instanceof KafkaJSDeleteGroupsError) console.log(error.groups.map(({ groupId }) => groupId))
    else throw error
  }
  await admin.deleteTopics({ topics: ['audit'], timeout: 5_000 })
}

// --- Errors --------------------------------------------------------------------------------------------------------

const explain = (error: unknown): string => {
  if (error instanceof KafkaJSNumberOfRetriesExceeded) return `${error.retryCount} retries: ${explain(error.cause)}`
  if (error instanceof KafkaJSOffsetOutOfRange) return `${error.topic}/${error.partition}`
  if (error instanceof KafkaJSProtocolError) return `${error.type} (${error.code})`
  if (error instanceof KafkaJSRequestTimeoutError) return `${error.broker} after ${error.pendingDuration}`
  if (error instanceof KafkaJSConnectionError) return `cannot reach ${error.broker}`
  if (error instanceof KafkaJSSASLAuthenticationError || error instanceof KafkaJSNotImplemented) return error.message
  if (error instanceof KafkaJSAggregateError) return error.errors.map((each) => explain(each)).join('; ')
  if (error instanceof KafkaJSError)
    return `${error.name} ${error.retriable} ${error.helpUrl ?? ''} ${error.cause?.message}`
  return String(error)
}

class RetriableError extends KafkaJSError {
  constructor(message: string) {
    super(message, { retriable: true })
  }
}

const raised: Error[] = [
  new RetriableError('again'),
  new KafkaJSNonRetriableError('never'),
  new KafkaJSError(new Error('wrapped')),
  new KafkaJSProtocolError('protocol'),
  new KafkaJSConnectionError('lost', { broker: 'localhost:9092', code: 'ECONNRESET' }),
  new KafkaJSNumberOfRetriesExceeded('often', { retryCount: 5, retryTime: 300 }),
]

// --- Tests of users ------------------------------------------------------------------------------------------------

const fakeProducer = (sent: ProducerRecord[]): Pick<Producer, 'connect' | 'send' | 'disconnect'> => ({
  connect: async () => {},
  disconnect: async () => {},
  send: async (record) => {
    sent.push(record)
    return [{ topicName: record.topic, partition: 0, errorCode: 0, baseOffset: '0' }]
  },
})

const fakeMessage: KafkaMessage = {
  key: null,
  value: Buffer.from('{}'),
  timestamp: '0',
  attributes: 0,
  offset: '0',
  headers: {},
}

export const main = async (): Promise<void> => {
  const kafka = new TracedKafka(configs[0] ?? { brokers: [] })
  const other: kafkajs.Kafka = new kafkajs.Kafka({ brokers: ['localhost:9092'], logLevel: kafkajs.logLevel.NOTHING })
  const admin = other.admin({ retry: { retries: 2 } })
  admin.on(admin.events.REQUEST, ({ payload }) => console.log(payload.apiName))
  console.log(labels[logLevel.INFO], brokerList(configs[0]!), kafka.started, raised.map(explain))
  await setUp(admin, [
    { topic: 'orders', numPartitions: 4, configEntries: [{ name: 'retention.ms', value: '86400000' }] },
  ])
  const orders = new OrderProducer(kafka, { createPartitioner: fallingBack, idempotent: true, maxInFlightRequests: 1 })
  const billing = new Billing(kafka)
  await Promise.all([orders.start(), billing.start('message')])
  await orders.place([{ id: '1', tenant: 'a', total: 1 }])
  await orders.fanOut({ id: '2', tenant: 'b', total: 2 })
  await orders.exactlyOnce({ id: '3', tenant: 'c', total: 3 }, { consumerGroupId: 'billing', topics: [] })
  await billing.rewind('orders')
  await resetGroup(admin, 'billing', 'orders', Date.now())
  await billing.onMessage({
    topic: 'orders',
    partition: 0,
    message: fakeMessage,
    heartbeat: async () => {},
    pause: () => () => {},
  })
  await fakeProducer([]).send({ topic: 'orders', messages: [{ value: 'x' }] })
  console.log(await billing.state(), orders.connected)
  await cleanUp(admin)
  await Promise.allSettled([orders.stop(), billing.stop()])
}

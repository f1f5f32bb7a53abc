import { Kafka as TheirKafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { unsupportedCalls } from '../../../src/admin/unsupported.js'
import { ConfigResourceTypes, Kafka, KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openTarget } from '../../support/harness.js'

describe('the admin client', () => {
  it("has kafkajs's own keys, in kafkajs's order", async () => {
    await using target = await openTarget()
    const theirs = new TheirKafka({ brokers: ['localhost:1'] }).admin()
    expect(Object.keys(new Kafka(target.config()).admin())).toEqual(Object.keys(theirs))
  })

  it('emits CONNECT and DISCONNECT, each time', async () => {
    await using target = await openTarget()
    const admin = new Kafka(target.config()).admin()
    const heard: string[] = []
    admin.on(admin.events.CONNECT, ({ type }) => heard.push(type))
    const remove = admin.on(admin.events.DISCONNECT, ({ type }) => heard.push(type))
    await admin.connect()
    await admin.connect()
    await admin.disconnect()
    await admin.connect()
    await admin.disconnect()
    remove()
    await admin.disconnect()
    expect(heard).toEqual(['admin.connect', 'admin.connect', 'admin.disconnect', 'admin.connect', 'admin.disconnect'])
  })

  it('refuses unknown event names with the known ones', async () => {
    await using target = await openTarget()
    const admin = new Kafka(target.config()).admin()
    expect(() => admin.on('admin.unknown' as 'admin.connect', () => undefined)).toThrow(
      'Event name should be one of admin.events.CONNECT, admin.events.DISCONNECT, admin.events.REQUEST, admin.events.REQUEST_TIMEOUT, admin.events.REQUEST_QUEUE_SIZE',
    )
  })

  it('tells of each request, under the names of Kafka', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    await using admin = disposable(new Kafka(target.config({ clientId: 'lister' })).admin())
    const requests: { apiName: string; apiKey: number; broker: string; clientId: string; duration: number }[] = []
    const queueSizes: number[] = []
    admin.on(admin.events.REQUEST, ({ payload }) => requests.push(payload))
    admin.on(admin.events.REQUEST_QUEUE_SIZE, ({ payload }) => queueSizes.push(payload.queueSize))
    await admin.fetchTopicOffsets(topic)
    expect(requests).toEqual([
      expect.objectContaining({ apiName: 'ApiVersions', apiKey: 18 }),
      expect.objectContaining({
        apiName: 'ListOffsets',
        apiKey: 2,
        broker: expect.stringMatching(/^[^:]+:\d+$/),
        clientId: 'lister',
        duration: expect.any(Number),
      }),
    ])
    expect(queueSizes).toEqual([1, 0, 1, 0])
  })

  it('connects by itself, once for concurrent calls', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = disposable(new Kafka(target.config()).admin())
    const [metadata, offsets] = await Promise.all([
      admin.fetchTopicMetadata({ topics: [topic] }),
      admin.fetchTopicOffsets(topic),
    ])
    expect(metadata.topics[0]?.partitions).toHaveLength(2)
    expect(offsets).toHaveLength(2)
  })

  it('emits CONNECT also when a call connects on its way', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const admin = new Kafka(target.config()).admin()
    const heard: string[] = []
    admin.on(admin.events.CONNECT, ({ type }) => heard.push(type))
    admin.on(admin.events.DISCONNECT, ({ type }) => heard.push(type))
    await admin.fetchTopicOffsets(topic)
    await admin.fetchTopicOffsets(topic)
    await admin.disconnect()
    expect(heard).toEqual(['admin.connect', 'admin.disconnect'])
  })

  it('gives up connecting when it is disconnected, in an attempt or between two', async () => {
    for (const waitsForFailure of [false, true]) {
      const logged: string[] = []
      const admin = new Kafka({
        brokers: ['localhost:1'],
        logLevel: 2,
        logCreator:
          () =>
          ({ log }) =>
            logged.push(log.message),
        retry: { initialRetryTime: 60_000, retries: 5 },
      }).admin()
      const connecting = admin.connect()
      if (waitsForFailure)
        await expect.poll(() => logged).toContainEqual(expect.stringMatching(/^Failed to connect, trying again: /))
      await admin.disconnect()
      await expect(connecting).resolves.toBeUndefined()
    }
  })

  it('names its logger', async () => {
    await using target = await openTarget()
    const entries: { namespace: string; message: string }[] = []
    const admin = new Kafka(
      target.config({
        logLevel: 4,
        logCreator: () => (entry) => entries.push({ namespace: entry.namespace, message: entry.log.message }),
      }),
    ).admin()
    admin.logger().info('hello')
    expect(entries).toEqual([{ namespace: 'Admin', message: 'hello' }])
  })

  it('describes the namespace as a cluster of one broker, the same each time', async () => {
    await using target = await openTarget()
    const kafka = new Kafka(target.config())
    await using admin = disposable(kafka.admin())
    await using other = disposable(kafka.admin())
    const cluster = await admin.describeCluster()
    expect(cluster).toEqual({
      brokers: [{ nodeId: 0, host: expect.any(String), port: expect.any(Number) }],
      controller: 0,
      clusterId: expect.stringMatching(/./),
    })
    expect(await other.describeCluster()).toEqual(cluster)
    if (target.emulator) expect(cluster.brokers[0]?.port).toBe(target.emulator.port)
  })
})

describe('what Event Hubs cannot do', () => {
  it.each(Object.entries(unsupportedCalls))('%s: refuses in a sentence that names the Azure way', (call, sentence) => {
    const method = call.replace('BrokerConfigs', 'Configs')
    expect(sentence).toMatch(new RegExp(`^admin\\.${method} `))
    expect(sentence).toMatch(/\bas (?:Event Hubs|events|a namespace)\b/)
    expect(sentence).toMatch(/: (?:assign|list|take|shorten|for more|watch|look|change) .*(?:az |admin\.|Azure)/)
    expect(sentence).not.toMatch(/\.$/)
  })

  it('rejects each such call with KafkaJSNotImplemented', async () => {
    await using target = await openTarget()
    await using admin = disposable(new Kafka(target.config()).admin())
    const broker = { type: ConfigResourceTypes.BROKER, name: '0' }
    const calls: Record<keyof typeof unsupportedCalls, () => Promise<unknown>> = {
      createAcls: () => admin.createAcls({ acl: [] }),
      describeAcls: () => admin.describeAcls({} as Parameters<typeof admin.describeAcls>[0]),
      deleteAcls: () => admin.deleteAcls({ filters: [] }),
      deleteTopicRecords: () => admin.deleteTopicRecords({ topic: 't', partitions: [{ partition: 0, offset: '1' }] }),
      alterPartitionReassignments: () => admin.alterPartitionReassignments({ topics: [] }),
      listPartitionReassignments: () => admin.listPartitionReassignments({}),
      describeBrokerConfigs: () => admin.describeConfigs({ resources: [broker], includeSynonyms: false }),
      alterBrokerConfigs: () =>
        admin.alterConfigs({ resources: [{ ...broker, configEntries: [] }], validateOnly: false }),
    }
    for (const [call, run] of Object.entries(calls)) {
      const error = await run().catch((thrown: unknown) => thrown)
      expect(error, call).toBeInstanceOf(KafkaJSNotImplemented)
      expect(error, call).toMatchObject({
        retriable: false,
        message: unsupportedCalls[call as keyof typeof unsupportedCalls],
      })
    }
  })

  it('says what to change when management is switched off', async () => {
    await using target = await openTarget()
    const config = target.config()
    await using admin = disposable(
      new Kafka({ ...config, eventHubs: { ...config.eventHubs, management: false } }).admin(),
    )
    await expect(admin.listTopics()).rejects.toMatchObject({
      name: 'KafkaJSNotImplemented',
      message: expect.stringContaining('remove eventHubs.management: false'),
    })
  })

  it('refuses wrong credentials as kafkajs does', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const connectionString = target.emulator.connectionString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=wrong')
    const admin = new Kafka({ logLevel: 0, eventHubs: { connectionString } }).admin({ retry: { retries: 0 } })
    await expect(admin.connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError', retriable: false })
    await expect(admin.listTopics()).rejects.toBeInstanceOf(KafkaJSNonRetriableError)
    await admin.disconnect()
  })
})

import { describe, expect, it } from 'vitest'
import {
  ConfigResourceTypes,
  ConfigSource,
  Kafka,
  KafkaJSAggregateError,
  KafkaJSCreateTopicError,
} from '../../../src/index.js'
import type { ITopicConfig } from '../../../src/types/index.js'
import { disposable } from '../../support/disposable.js'
import { openTarget, type Target } from '../../support/harness.js'

const NAME = () => `test-${crypto.randomUUID().slice(0, 13)}`

/** An admin client of the target's, quick to give up; topics it is told of are deleted in the end. */
function openAdmin(target: Target, created: string[] = []) {
  const admin = new Kafka(target.config()).admin({ retry: { initialRetryTime: 10, retries: 1 } })
  return {
    ...admin,
    created,
    async [Symbol.asyncDispose]() {
      for (const topic of created) await admin.deleteTopics({ topics: [topic] }).catch(() => undefined)
      await admin.disconnect()
    },
  }
}

describe('listTopics', () => {
  it('names every event hub', async () => {
    await using target = await openTarget()
    const topics = [await target.createTopic(), await target.createTopic()]
    await using admin = openAdmin(target)
    expect(await admin.listTopics()).toEqual(expect.arrayContaining(topics))
  })
})

describe('createTopics', () => {
  const cases: [string, unknown, string][] = [
    ['no array', null, 'Invalid topics array null'],
    ['an object', {}, 'Invalid topics array [object Object]'],
    ['a name that is none', [{ topic: 5 }], 'Invalid topics array, the topic names have to be a valid string'],
    [
      'a name twice',
      [{ topic: 'a' }, { topic: 'a' }],
      'Invalid topics array, it cannot have multiple entries for the same topic',
    ],
    [
      'configEntries that are no array',
      [{ topic: 'a', configEntries: {} }],
      'Invalid configEntries for topic "a", must be an array',
    ],
    [
      'an entry that is no object',
      [{ topic: 'a', configEntries: [3] }],
      'Invalid configEntries for topic "a". Entry 0 must be an object',
    ],
    [
      'an entry that is null',
      [{ topic: 'a', configEntries: [null] }],
      'Invalid configEntries for topic "a". Entry 0 must be an object',
    ],
    [
      'no name',
      [{ topic: 'a', configEntries: [{ value: '1' }] }],
      'Invalid configEntries for topic "a". Entry 0 must have a valid "name" property',
    ],
    [
      'no value',
      [{ topic: 'a', configEntries: [{ name: 'n' }] }],
      'Invalid configEntries for topic "a". Entry 0 must have a valid "value" property',
    ],
    [
      'a value that is none',
      [{ topic: 'a', configEntries: [{ name: 'n', value: 1 }] }],
      'Invalid configEntries for topic "a". Entry 0 must have a valid "value" property',
    ],
  ]
  it.each(cases)('rejects %s', async (_, topics, message) => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    await expect(admin.createTopics({ topics: topics as ITopicConfig[] })).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message,
    })
  })

  it('creates, true the first time and false the second', async () => {
    await using target = await openTarget()
    const [a, b] = [NAME(), NAME()]
    await using admin = openAdmin(target, [a, b])
    expect(await admin.createTopics({ topics: [{ topic: a, numPartitions: 2 }] })).toBe(true)
    expect(await admin.createTopics({ topics: [{ topic: a }] })).toBe(false)
    const { topics } = await admin.fetchTopicMetadata({ topics: [a] })
    expect(topics[0]?.partitions).toHaveLength(2)
    // One that is there does not keep another from being made; kafkajs says false all the same.
    expect(await admin.createTopics({ topics: [{ topic: a }, { topic: b, numPartitions: 1 }] })).toBe(false)
    expect(await admin.listTopics()).toContain(b)
  })

  it('resolves when the topics can be used', async () => {
    await using target = await openTarget()
    const topic = NAME()
    await using admin = openAdmin(target, [topic])
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '0', high: '0', low: '0' }])
  })

  it('leaves the number of partitions to the service, or counts those placed by hand', async () => {
    await using target = await openTarget()
    const [a, b] = [NAME(), NAME()]
    await using admin = openAdmin(target, [a, b])
    const replicaAssignment = [
      { partition: 0, replicas: [0] },
      { partition: 1, replicas: [0] },
      { partition: 2, replicas: [0] },
    ]
    await admin.createTopics({
      topics: [
        { topic: a, replicationFactor: 3 },
        { topic: b, replicaAssignment },
      ],
    })
    const { topics } = await admin.fetchTopicMetadata({ topics: [a, b] })
    expect(topics[0]?.partitions.length).toBeGreaterThan(1)
    expect(topics[1]?.partitions).toHaveLength(3)
  })

  it('takes numbers of partitions as texts, as programs have them from the environment', async () => {
    await using target = await openTarget()
    const topic = NAME()
    await using admin = openAdmin(target, [topic])
    const text = (count: string) => count as unknown as number
    await admin.createTopics({ topics: [{ topic, numPartitions: text('2') }] })
    await admin.createPartitions({ topicPartitions: [{ topic, count: text('3') }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions).toHaveLength(3)
    const createTopics = admin.createTopics({ topics: [{ topic: NAME(), numPartitions: text('many') }] })
    await expect(createTopics).rejects.toMatchObject({ errors: [{ type: 'INVALID_PARTITIONS' }] })
  })

  it('validates without creating', async () => {
    await using target = await openTarget()
    const existing = await target.createTopic()
    const topic = NAME()
    await using admin = openAdmin(target)
    expect(await admin.createTopics({ topics: [{ topic }], validateOnly: true })).toBe(true)
    expect(await admin.listTopics()).not.toContain(topic)
    expect(await admin.createTopics({ topics: [{ topic: existing }], validateOnly: true })).toBe(false)
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
    await expect(admin.createTopics({ topics: [{ topic, configEntries }], validateOnly: true })).rejects.toMatchObject({
      errors: [{ type: 'INVALID_CONFIG' }],
    })
  })

  it('rejects with what is wrong with each topic, and makes the others', async () => {
    await using target = await openTarget()
    const good = NAME()
    await using admin = openAdmin(target, [good])
    const error = await admin
      .createTopics({
        topics: [
          { topic: good, numPartitions: 1 },
          { topic: 'not a name' },
          { topic: NAME(), numPartitions: 0 },
          { topic: 'settings', configEntries: [{ name: 'min.insync.replicas', value: '2' }] },
        ],
      })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(KafkaJSAggregateError)
    expect(error).toMatchObject({
      message: expect.stringMatching(/^Topic creation errors: ./),
      errors: [
        { name: 'KafkaJSCreateTopicError', topic: 'not a name', type: 'INVALID_TOPIC_EXCEPTION', code: 17 },
        { type: 'INVALID_PARTITIONS', code: 37 },
        {
          topic: 'settings',
          type: 'INVALID_CONFIG',
          code: 40,
          message: expect.stringMatching(/min\.insync\.replicas has no counterpart .*retention\.ms/),
        },
      ],
    })
    expect((error as KafkaJSAggregateError).errors[0]).toBeInstanceOf(KafkaJSCreateTopicError)
    expect(await admin.listTopics()).toContain(good)
  })

  it('is not allowed without Manage', async () => {
    await using target = await openTarget({
      sharedAccessKeys: [
        { name: 'all', key: 'secret' },
        { name: 'listener', key: 'secret', claims: ['Listen', 'Send'] },
      ],
    })
    if (!target.emulator) return
    const connectionString = target.emulator.connectionStringOf({ keyName: 'listener' })
    await using admin = disposable(new Kafka({ logLevel: 0, eventHubs: { connectionString } }).admin())
    await expect(admin.createTopics({ topics: [{ topic: 'a' }] })).rejects.toMatchObject({
      errors: [{ type: 'TOPIC_AUTHORIZATION_FAILED', topic: 'a', message: expect.stringContaining('Manage') }],
    })
    await expect(admin.listTopics()).rejects.toMatchObject({ type: 'CLUSTER_AUTHORIZATION_FAILED' })
  })
})

describe('deleteTopics', () => {
  it('forgets what groups have committed, so that the next topic of the name is read from its start', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const other = await target.createTopic({ partitions: 1 })
    await using admin = openAdmin(target, [topic])
    for (const one of [topic, other]) {
      await admin.setOffsets({ groupId: topic, topic: one, partitions: [{ partition: 0, offset: '0' }] })
    }
    await admin.deleteTopics({ topics: [topic] })
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    const offsets = await admin.fetchOffsets({ groupId: topic, topics: [topic, other] })
    expect(offsets.map(({ partitions }) => partitions[0]?.offset)).toEqual(['-1', '0'])
  })

  it.each([
    ['no array', null, 'Invalid topics array null'],
    ['a name that is none', ['a', 1], 'Invalid topics array, the names must be a valid string'],
  ])('rejects %s', async (_, topics, message) => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    await expect(admin.deleteTopics({ topics: topics as string[] })).rejects.toMatchObject({ message })
  })

  it('deletes, and tries again in vain what is not there', async () => {
    await using target = await openTarget()
    const [a, b] = [NAME(), NAME()]
    await using admin = openAdmin(target, [a, b])
    await admin.createTopics({ topics: [{ topic: a }, { topic: b }] })
    expect(await admin.deleteTopics({ topics: [a] })).toBeUndefined()
    expect(await admin.listTopics()).not.toContain(a)
    await expect(admin.deleteTopics({ topics: [a, b] })).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    })
    expect(await admin.listTopics()).not.toContain(b)
  })
})

describe('createPartitions', () => {
  it.each([
    ['no array', undefined, 'Invalid topic partitions array undefined'],
    ['nothing', [], 'Empty topic partitions array'],
    [
      'a name that is none',
      [{ topic: 1, count: 2 }],
      'Invalid topic partitions array, the topic names have to be a valid string',
    ],
    [
      'a name twice',
      [
        { topic: 'a', count: 2 },
        { topic: 'a', count: 3 },
      ],
      'Invalid topic partitions array, it cannot have multiple entries for the same topic',
    ],
  ])('rejects %s', async (_, topicPartitions, message) => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    await expect(
      admin.createPartitions({ topicPartitions: topicPartitions as { topic: string; count: number }[] }),
    ).rejects.toMatchObject({ name: 'KafkaJSNonRetriableError', message })
  })

  it('adds partitions, and never takes any away', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = openAdmin(target)
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }], validateOnly: true })
    expect(await admin.fetchTopicOffsets(topic)).toHaveLength(2)
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    expect((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions).toHaveLength(3)
    for (const count of [2, 3, 0, 3.5]) {
      await expect(admin.createPartitions({ topicPartitions: [{ topic, count }] })).rejects.toMatchObject({
        name: 'KafkaJSProtocolError',
        type: 'INVALID_PARTITIONS',
      })
    }
    await expect(admin.createPartitions({ topicPartitions: [{ topic: NAME(), count: 2 }] })).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
      retriable: true,
    })
  })
})

describe('fetchTopicMetadata', () => {
  it('shows one leader for every partition', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = openAdmin(target)
    const partition = { partitionErrorCode: 0, leader: 0, replicas: [0], isr: [0], offlineReplicas: [] }
    expect(await admin.fetchTopicMetadata({ topics: [topic] })).toEqual({
      topics: [
        {
          name: topic,
          partitions: [
            { partitionId: 0, ...partition },
            { partitionId: 1, ...partition },
          ],
        },
      ],
    })
  })

  it('shows all topics when none is named', async () => {
    await using target = await openTarget()
    const topics = [await target.createTopic(), await target.createTopic()]
    await using admin = openAdmin(target)
    const names = async (options?: { topics: string[] }) =>
      (await admin.fetchTopicMetadata(options)).topics.map(({ name }) => name)
    expect(await names()).toEqual(expect.arrayContaining(topics))
    expect(await names({ topics: [] })).toEqual(expect.arrayContaining(topics))
  })

  it('rejects for unknown topics, at once, and for names that are none', async () => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    await expect(admin.fetchTopicMetadata({ topics: [NAME()] })).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
      code: 3,
    })
    await expect(admin.fetchTopicMetadata({ topics: 'n1' as never })).rejects.toMatchObject({
      message: 'Invalid topics array n1',
    })
    for (const topic of ['', null, 5]) {
      await expect(admin.fetchTopicMetadata({ topics: [topic as string] })).rejects.toMatchObject({
        message: `Invalid topic ${topic}`,
      })
    }
  })
})

describe('describeConfigs and alterConfigs', () => {
  const TOPIC = ConfigResourceTypes.TOPIC

  it.each([
    ['no array', undefined, 'Invalid resources array undefined'],
    ['nothing', [], 'Resources array cannot be empty'],
    ['a type that is none', [{ type: 99, name: 'a' }], 'Invalid resource type 99: {"type":99,"name":"a"}'],
    ['no name', [{ type: TOPIC }], 'Invalid resource name undefined: {"type":2}'],
    [
      'a list that is none',
      [{ type: TOPIC, name: 'a', configNames: 'x', configEntries: 'x' }],
      /Invalid resource config(?:Names|Entries) x: \{/,
    ],
  ])('reject %s', async (_, resources, message) => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    const refusal = {
      name: 'KafkaJSNonRetriableError',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    }
    await expect(
      admin.describeConfigs({ resources: resources as never, includeSynonyms: false }),
    ).rejects.toMatchObject(refusal)
    await expect(admin.alterConfigs({ resources: resources as never, validateOnly: false })).rejects.toMatchObject(
      refusal,
    )
  })

  it('reads and writes retention', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic()
    await using admin = openAdmin(target)
    const resource = { type: TOPIC, name: topic }
    const set = (value: string, validateOnly = false) =>
      admin.alterConfigs({
        validateOnly,
        resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value }] }],
      })
    const get = async (configNames?: string[]) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ ...resource, ...(configNames && { configNames }) }],
      })
      return resources[0]
    }
    const twoDays = String(2 * 24 * 3_600_000)
    expect(await set(twoDays)).toEqual({
      resources: [{ errorCode: 0, errorMessage: null, resourceName: topic, resourceType: TOPIC }],
    })
    expect(await get(['retention.ms'])).toEqual({
      errorCode: 0,
      errorMessage: null,
      resourceName: topic,
      resourceType: TOPIC,
      configEntries: [
        {
          configName: 'retention.ms',
          configValue: twoDays,
          readOnly: false,
          isDefault: false,
          configSource: ConfigSource.TOPIC_CONFIG,
          isSensitive: false,
          configSynonyms: [],
        },
      ],
    })
    expect((await get(['cleanup.policy', 'segment.bytes']))?.configEntries).toEqual([])
    await set(String(24 * 3_600_000), true)
    expect((await get())?.configEntries).toContainEqual(expect.objectContaining({ configValue: twoDays }))
    await expect(set('1000')).rejects.toMatchObject({ type: 'INVALID_CONFIG', topic })
  })

  it('reject unknown topics and values that are none', async () => {
    await using target = await openTarget()
    await using admin = openAdmin(target)
    const name = NAME()
    const unknown = { type: 'UNKNOWN_TOPIC_OR_PARTITION' }
    await expect(
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: TOPIC, name }] }),
    ).rejects.toMatchObject(unknown)
    await expect(
      admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC, name, configEntries: [] }] }),
    ).rejects.toMatchObject(unknown)
    await expect(
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: TOPIC, name, configEntries: [{ name: 'retention.ms', value: 5 as unknown as string }] }],
      }),
    ).rejects.toMatchObject({ message: expect.stringContaining('Invalid resource config value: {') })
  })
})

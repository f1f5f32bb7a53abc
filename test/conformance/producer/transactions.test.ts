import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Kafka, type KafkaConfig, type Producer } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'

type EmulatorTarget = Awaited<ReturnType<typeof openEmulator>>

const config = (target: EmulatorTarget, overrides: Partial<KafkaConfig> = {}): KafkaConfig => {
  const base = target.config({ logLevel: 0, retry: { initialRetryTime: 10, retries: 3 }, ...overrides })
  return { ...base, eventHubs: { ...base.eventHubs, transactions: 'buffered' } }
}

const valuesIn = (target: EmulatorTarget, topic: string) =>
  target.emulator.eventHubs
    .get(topic)
    ?.events()
    .map(({ body }) => String(body)) ?? []

async function withProducer(
  test: (tools: { target: EmulatorTarget; topic: string; kafka: Kafka; producer: Producer }) => Promise<void>,
  { transactionTimeout }: { transactionTimeout?: number } = {},
): Promise<void> {
  await using target = await openEmulator()
  const topic = await target.createTopic({ partitions: 2 })
  const kafka = new Kafka(config(target))
  await using producer = disposable(
    kafka.producer({
      transactionalId: 'orders',
      ...(transactionTimeout !== undefined && { transactionTimeout }),
    }),
  )
  await producer.connect()
  await test({ target, topic, kafka, producer })
}

const ended = { name: 'KafkaJSNonRetriableError', message: 'Cannot continue to use transaction once ended' }

describe('transaction()', () => {
  it('is refused with the reason unless it is switched on', async () => {
    await using target = await openEmulator()
    const kafka = new Kafka(target.config())
    await using producer = disposable(kafka.producer({ transactionalId: 'orders' }))
    await producer.connect()
    await expect(producer.transaction()).rejects.toMatchObject({
      name: 'KafkaJSNotImplemented',
      message: expect.stringContaining("eventHubs.transactions: 'buffered'"),
    })
    await expect(kafka.producer().transaction()).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: 'Must provide transactional id for transactional producer',
    })
  })

  it('allows one at a time, and another after it', async () => {
    await withProducer(async ({ producer }) => {
      const first = await producer.transaction()
      await expect(producer.transaction()).rejects.toMatchObject({
        name: 'KafkaJSNonRetriableError',
        message:
          'There is already an ongoing transaction for this producer. Please end the transaction before beginning another.',
      })
      await first.commit()
      await (await producer.transaction()).abort()
      await (await producer.transaction()).commit()
    })
  })

  it('gives the members of kafkajs', async () => {
    await withProducer(async ({ producer }) => {
      expect(Object.keys(await producer.transaction())).toEqual([
        'sendBatch',
        'send',
        'abort',
        'commit',
        'sendOffsets',
        'isActive',
      ])
    })
  })

  it('is cancelled by a newer producer of the same id in this process', async () => {
    await withProducer(async ({ target, topic, kafka, producer }) => {
      const older = await producer.transaction()
      await older.send({ topic, messages: [{ value: 'older' }] })
      await using newer = disposable(kafka.producer({ transactionalId: 'orders' }))
      await newer.connect()
      const transaction = await newer.transaction()
      await transaction.send({ topic, messages: [{ value: 'newer' }] })
      await expect(older.commit()).rejects.toMatchObject({
        name: 'KafkaJSProtocolError',
        type: 'INVALID_PRODUCER_EPOCH',
      })
      expect(older.isActive()).toBe(false)
      await expect(producer.transaction()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' })
      await transaction.commit()
      expect(valuesIn(target, topic)).toEqual(['newer'])
    })
  })
})

describe('a transaction', () => {
  it('publishes on commit and not before, beside sends of its producer', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      const transaction = await producer.transaction()
      expect(transaction.isActive()).toBe(true)
      const metadata = await transaction.send({ topic, messages: [{ value: 'a', partition: 0 }] })
      expect(metadata).toMatchObject([{ topicName: topic, partition: 0, errorCode: 0, baseOffset: '-1' }])
      await transaction.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'b', partition: 0 }] }] })
      await producer.send({ topic, messages: [{ value: 'outside', partition: 1 }] })
      expect(valuesIn(target, topic)).toEqual(['outside'])
      await transaction.commit()
      expect(transaction.isActive()).toBe(false)
      expect(valuesIn(target, topic)).toEqual(['a', 'b', 'outside'])
    })
  })

  it('publishes what was sent without awaiting, in order and in one transfer per partition', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      await producer.send({ topic, messages: [{ value: 'before', partition: 0 }] })
      const transaction = await producer.transaction()
      const numbers = Array.from({ length: 1000 }, (_, n) => n)
      for (const n of numbers) void transaction.send({ topic, messages: [{ value: String(n), partition: n % 2 }] })
      const transfers = target.emulator.stats.transfersReceived
      await transaction.commit()
      expect(target.emulator.stats.transfersReceived - transfers).toBe(2)
      const even = numbers.filter((n) => n % 2 === 0).map(String)
      const odd = numbers.filter((n) => n % 2 === 1).map(String)
      expect(valuesIn(target, topic)).toEqual(['before', ...even, ...odd])
    })
  })

  it('publishes nothing when aborted', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: 'x' }] })
      await transaction.abort()
      expect(transaction.isActive()).toBe(false)
      expect(valuesIn(target, topic)).toEqual([])
    })
  })

  it.each(['commit', 'abort'] as const)('takes nothing more after %s', async (how) => {
    await withProducer(async ({ topic, producer }) => {
      const transaction = await producer.transaction()
      await transaction[how]()
      await expect(transaction.send({ topic, messages: [{ value: 'x' }] })).rejects.toMatchObject(ended)
      await expect(transaction.sendBatch({ topicMessages: [] })).rejects.toMatchObject(ended)
      await expect(transaction.sendOffsets({ consumerGroupId: 'g', topics: [] })).rejects.toMatchObject(ended)
      await expect(transaction.commit()).rejects.toMatchObject(ended)
      await expect(transaction.abort()).rejects.toMatchObject(ended)
    })
  })

  it('checks what is sent when it is sent', async () => {
    await withProducer(async ({ topic, producer }) => {
      const transaction = await producer.transaction()
      await expect(transaction.send({ topic, messages: [{ value: 'x' }], acks: 0 })).rejects.toMatchObject({
        message: "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
      })
      await expect(transaction.send({ topic, messages: [{ value: Buffer.alloc(2_000_000) }] })).rejects.toMatchObject({
        type: 'MESSAGE_TOO_LARGE',
      })
      await expect(transaction.sendOffsets({ consumerGroupId: '', topics: [] })).rejects.toMatchObject({
        name: 'AssertionError',
        message: 'Missing consumerGroupId',
      })
      await expect(transaction.sendOffsets({ consumerGroupId: 'g' } as never)).rejects.toMatchObject({
        name: 'AssertionError',
        message: 'Missing offset topics',
      })
      await transaction.commit()
    })
  })

  it('commits offsets to the group with it, and none when aborted', async () => {
    await withProducer(async ({ topic, kafka, producer }) => {
      const offsetsOf = async (groupId: string) => {
        await using admin = disposable(kafka.admin())
        return (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions
      }
      for (const partition of [0, 1]) {
        await producer.send({ topic, messages: Array.from({ length: 5 }, () => ({ value: 'x', partition })) })
      }
      const aborted = await producer.transaction()
      await aborted.sendOffsets({
        consumerGroupId: 'group',
        topics: [{ topic, partitions: [{ partition: 0, offset: '2' }] }],
      })
      await aborted.abort()
      expect(await offsetsOf('group')).toEqual([
        { partition: 0, offset: '-1', metadata: null },
        { partition: 1, offset: '-1', metadata: null },
      ])

      const committed = await producer.transaction()
      await committed.sendOffsets({
        consumerGroupId: 'group',
        topics: [{ topic, partitions: [{ partition: 0, offset: '3' }] }],
      })
      await committed.sendOffsets({
        consumerGroupId: 'group',
        topics: [
          {
            topic,
            partitions: [
              { partition: 0, offset: '4' },
              { partition: 1, offset: '1' },
            ],
          },
        ],
      })
      await committed.commit()
      expect(await offsetsOf('group')).toMatchObject([
        { partition: 0, offset: '4' },
        { partition: 1, offset: '1' },
      ])
    })
  })

  it('may be committed again after a failed commit, and publishes only what is left', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      const transaction = await producer.transaction()
      await transaction.send({
        topic,
        messages: [
          { value: 'a', partition: 0 },
          { value: 'b', partition: 1 },
        ],
      })
      const fault = target.emulator.faults.throttle({ hub: topic, partition: 1 })
      await expect(transaction.commit()).rejects.toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded' })
      expect(transaction.isActive()).toBe(true)
      expect(valuesIn(target, topic)).toEqual(['a'])
      fault.clear()
      await transaction.commit()
      expect(valuesIn(target, topic)).toEqual(['a', 'b'])
      expect(transaction.isActive()).toBe(false)
    })
  })

  it('is over after transactionTimeout', async () => {
    await withProducer(
      async ({ target, topic, producer }) => {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: [{ value: 'x' }] })
        const now = performance.now.bind(performance)
        const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_001)
        onTestFinished(() => later.mockRestore())
        await expect(transaction.commit()).rejects.toMatchObject({ type: 'INVALID_TXN_STATE' })
        await expect(transaction.commit()).rejects.toMatchObject(ended)
        expect(valuesIn(target, topic)).toEqual([])
        await (await producer.transaction()).commit()
      },
      { transactionTimeout: 60_000 },
    )
  })

  it('is committed before its producer disconnects, when the commit was first', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: 'x', partition: 0 }] })
      await transaction.sendOffsets({
        consumerGroupId: 'group',
        topics: [{ topic, partitions: [{ partition: 0, offset: '0' }] }],
      })
      target.emulator.faults.throttle({ times: 2 })
      const committing = transaction.commit()
      await producer.disconnect()
      await committing
      expect(valuesIn(target, topic)).toEqual(['x'])
    })
  })

  it('is dropped when its producer disconnects', async () => {
    await withProducer(async ({ target, topic, producer }) => {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: 'x' }] })
      await producer.disconnect()
      await expect(transaction.commit()).rejects.toMatchObject(ended)
      await producer.connect()
      await (await producer.transaction()).commit()
      expect(valuesIn(target, topic)).toEqual([])
    })
  })
})

import type { Consumer } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

const anyMember = expect.stringMatching(/^test-[0-9a-f-]{36}$/)

describe('on', () => {
  it('refuses names it does not know, and tells the ones it does', async () => {
    await using bench = await openBench(target)
    const keys = Object.keys(bench.consumer().events).map((key) => `consumer.events.${key}`)
    expect(() => bench.consumer().on('NON_EXISTENT_EVENT' as never, () => {})).toThrow(
      expect.objectContaining({
        name: 'KafkaJSNonRetriableError',
        message: `Event name should be one of ${keys.join(', ')}`,
      }),
    )
  })

  it('returns what takes the listener away again', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    let times = 0
    const remove = consumer.on(consumer.events.CONNECT, () => void times++)
    await consumer.connect()
    remove()
    await consumer.connect()
    expect(times).toBe(1)
  })

  it('has events carry an id, a type and a time', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const events: { id: unknown; type: string; timestamp: number; payload: unknown }[] = []
    consumer.on(consumer.events.CONNECT, (event) => void events.push(event))
    await consumer.connect()
    expect(events).toEqual([
      { id: expect.any(Number), type: 'consumer.connect', timestamp: expect.any(Number), payload: undefined },
    ])
  })

  it('keeps listeners that throw from doing harm', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    for (const name of Object.values(consumer.events)) {
      consumer.on(name as Consumer['events']['CONNECT'], () => {
        throw new Error('a listener that throws')
      })
      consumer.on(
        name as Consumer['events']['CONNECT'],
        (async () => {
          throw new Error('a listener that rejects')
        }) as never,
      )
    }
    const reading = await bench.read(consumer)
    await reading.count(3)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
  })
})

describe('a consumer that does well', () => {
  it('tells of everything in kafkajs’s order', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const { names } = listen(
      consumer,
      'CONNECT',
      'GROUP_JOIN',
      'START_BATCH_PROCESS',
      'END_BATCH_PROCESS',
      'COMMIT_OFFSETS',
      'STOP',
      'DISCONNECT',
      'CRASH',
    )
    await consumer.connect()
    await bench.read(consumer)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1' }))
    await consumer.disconnect()
    expect(names()).toEqual([
      'CONNECT',
      'CONNECT',
      'GROUP_JOIN',
      'START_BATCH_PROCESS',
      'END_BATCH_PROCESS',
      'COMMIT_OFFSETS',
      'STOP',
      'DISCONNECT',
    ])
  })
})

describe('GROUP_JOIN', () => {
  it('tells who this is, who leads, and what this member reads', async () => {
    await using bench = await openBench(target, { partitions: 12 })
    const other = await target.createTopic({ partitions: 2 })
    const consumer = bench.consumer()
    const joined = next<Record<string, unknown>>(consumer, 'GROUP_JOIN')
    await bench.read(consumer, { topics: [bench.topic, other] })
    const payload = await joined
    expect(payload).toEqual({
      groupId: bench.groupId,
      memberId: anyMember,
      leaderId: payload['memberId'],
      isLeader: true,
      memberAssignment: { [bench.topic]: numbers(12).map(Number), [other]: [0, 1] },
      groupProtocol: 'RoundRobinAssigner',
      duration: expect.any(Number),
    })
  })

  it('names topics in the order in which they were subscribed to', async () => {
    await using bench = await openBench(target)
    const named = (name: string) => target.createTopic({ name: `${name}-${bench.topic}`, partitions: 1 })
    const topics = [await named('z'), bench.topic, await named('a')]
    const consumer = bench.consumer()
    const joined = next<{ memberAssignment: object }>(consumer, 'GROUP_JOIN')
    await bench.read(consumer, { topics })
    expect(Object.keys((await joined).memberAssignment)).toEqual(topics)
  })

  it('has come by the time run() resolves, and comes when messages produced from then on are read', async () => {
    await using bench = await openBench(target, { partitions: 4 })
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'GROUP_JOIN')
    const reading = await bench.read(consumer, { fromBeginning: false })
    expect(names()).toEqual(['GROUP_JOIN'])
    for (let partition = 0; partition < 4; partition++) await bench.send(['x'], partition)
    await reading.count(4)
  })
})

describe('HEARTBEAT', () => {
  it('says for whom', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer({ heartbeatInterval: 50 })
    const heard = next(consumer, 'HEARTBEAT')
    await bench.read(consumer)
    expect(await heard).toEqual({ groupId: bench.groupId, memberId: anyMember, groupGenerationId: 1 })
  })

  it('comes while there is nothing to read, never early by a millisecond', async () => {
    await using bench = await openBench(target)
    const heartbeatInterval = 200
    const consumer = bench.consumer({ heartbeatInterval, maxWaitTimeInMs: 5 })
    const heard: { begun: number; done: number }[] = []
    consumer.on(consumer.events.HEARTBEAT, () => {
      const begun = performance.now()
      // The interval counts from the event, whatever its listeners take.
      while (performance.now() < begun + 10);
      heard.push({ begun, done: performance.now() })
    })
    await bench.read(consumer)
    await eventually(() => expect(heard.length).toBeGreaterThan(4))
    const gaps = heard.slice(1).map(({ begun }, i) => begun - (heard[i]?.done ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(heartbeatInterval)
  })
})

describe('FETCH_START and FETCH', () => {
  it('stand in kafkajs’s order: behind GROUP_JOIN, and before the batch', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({ maxWaitTimeInMs: 10_000 })
    const { names } = listen(consumer, 'GROUP_JOIN', 'FETCH_START', 'FETCH', 'START_BATCH_PROCESS', 'END_BATCH_PROCESS')
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    await eventually(() => expect(names()).toContain('END_BATCH_PROCESS'))
    const batch = ['START_BATCH_PROCESS', 'END_BATCH_PROCESS']
    expect(names().filter((name) => name !== 'FETCH_START')).toEqual(['GROUP_JOIN', 'FETCH', ...batch])
    expect(names().slice(0, 3)).toEqual(['GROUP_JOIN', 'FETCH_START', 'FETCH'])
  })

  it('tell of a node, and how long was waited', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({ maxWaitTimeInMs: 100 })
    const [started, fetched] = [next(consumer, 'FETCH_START'), next<{ duration: number }>(consumer, 'FETCH')]
    await bench.read(consumer)
    expect(await started).toEqual({ nodeId: '0' })
    const payload = await fetched
    expect(payload).toEqual({ nodeId: '0', numberOfBatches: 0, duration: expect.any(Number) })
    expect(payload.duration).toBeGreaterThanOrEqual(95)
  })

  it('come at once when there is something', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({ maxWaitTimeInMs: 5000 })
    await bench.read(consumer)
    const fetched = next<{ numberOfBatches: number }>(consumer, 'FETCH', 4000)
    await bench.send(['a'])
    expect((await fetched).numberOfBatches).toBe(1)
  })
})

describe('START_BATCH_PROCESS and END_BATCH_PROCESS', () => {
  it('tell what is handled, and how long it took', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const { payloads } = listen(consumer, 'START_BATCH_PROCESS', 'END_BATCH_PROCESS')
    const reading = await bench.read(consumer, { handle: () => new Promise((resolve) => setTimeout(resolve, 50)) })
    await reading.count(1)
    await eventually(() => expect(payloads('END_BATCH_PROCESS')).toHaveLength(1))
    const started = {
      topic: bench.topic,
      partition: 0,
      highWatermark: '1',
      offsetLag: '0',
      offsetLagLow: '0',
      batchSize: 1,
      firstOffset: '0',
      lastOffset: '0',
    }
    expect(payloads('START_BATCH_PROCESS')).toEqual([started])
    expect(payloads('END_BATCH_PROCESS')).toEqual([{ ...started, duration: expect.any(Number) }])
    expect(payloads<{ duration: number }>('END_BATCH_PROCESS')[0]?.duration).toBeGreaterThanOrEqual(45)
  })

  it('end only what has been handled well', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'START_BATCH_PROCESS', 'END_BATCH_PROCESS')
    let failures = 0
    await bench.read(consumer, {
      handle() {
        if (failures++ === 0) throw new Error('not now')
      },
    })
    await eventually(() => expect(names()).toEqual(['START_BATCH_PROCESS', 'START_BATCH_PROCESS', 'END_BATCH_PROCESS']))
  })
})

describe('REBALANCING', () => {
  it('is told by members there before, not by the one that joins', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const [first, second] = [bench.consumer(), bench.consumer()]
    await bench.read(first)
    const told = listen(second, 'REBALANCING')
    const rebalancing = next(first, 'REBALANCING')
    const rejoined = next<{ memberAssignment: Record<string, number[]> }>(first, 'GROUP_JOIN')
    await bench.read(second)
    expect(await rebalancing).toEqual({ groupId: bench.groupId, memberId: anyMember })
    expect((await rejoined).memberAssignment[bench.topic]).toHaveLength(1)
    expect(told.events).toEqual([])
  })
})

describe('REQUEST', () => {
  it('tells of what the consumer asks the service and the store for, in Kafka’s names', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const { payloads } = listen(consumer, 'REQUEST', 'REQUEST_QUEUE_SIZE')
    await bench.read(consumer)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1' }))
    const requests = payloads<Record<string, unknown>>('REQUEST')
    expect(requests[0]).toEqual({
      broker: expect.stringMatching(/^[^:]+:\d+$/),
      clientId: 'test',
      correlationId: expect.any(Number),
      size: expect.any(Number),
      createdAt: expect.any(Number),
      sentAt: expect.any(Number),
      pendingDuration: expect.any(Number),
      duration: expect.any(Number),
      apiName: expect.any(String),
      apiKey: expect.any(Number),
      apiVersion: expect.any(Number),
    })
    const names = new Set(requests.map(({ apiName }) => apiName))
    for (const name of ['Metadata', 'ApiVersions', 'Fetch', 'OffsetFetch', 'OffsetCommit'])
      expect(names).toContain(name)
    expect(payloads('REQUEST_QUEUE_SIZE')[0]).toEqual({
      broker: expect.any(String),
      clientId: 'test',
      queueSize: expect.any(Number),
    })
  })

  it('that takes too long is told of as REQUEST_TIMEOUT, and tried again', async () => {
    const { memoryCheckpointStore } = await import('kafkajs-eventhubs')
    const memory = memoryCheckpointStore()
    let hang = true
    const checkpointStore = {
      ...memory,
      async listCheckpoints(...args: Parameters<typeof memory.listCheckpoints>) {
        if (!hang) return memory.listCheckpoints(...args)
        hang = false
        return new Promise<never>(() => {})
      },
    }
    const { eventHubs } = target.config()
    await using bench = await openBench(target, {
      kafka: { requestTimeout: 500, eventHubs: { ...eventHubs, checkpointStore } },
    })
    await bench.send(['a'])
    const consumer = bench.consumer()
    const timedOut = next(consumer, 'REQUEST_TIMEOUT')
    const reading = await bench.read(consumer)
    expect(await timedOut).toMatchObject({ apiName: 'OffsetFetch', clientId: 'test', broker: expect.any(String) })
    await reading.count(1)
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, Kafka, type LogEntry } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, numbers, openBench, quick } from '../../support/consuming.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

describe('a consumer', () => {
  it('has the members of kafkajs, in its order, writable and free of this', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    expect(Object.keys(consumer)).toEqual([
      'connect',
      'disconnect',
      'subscribe',
      'stop',
      'run',
      'commitOffsets',
      'seek',
      'describeGroup',
      'pause',
      'paused',
      'resume',
      'on',
      'events',
      'logger',
    ])
    expect(Object.keys(consumer).every((key) => Object.getOwnPropertyDescriptor(consumer, key)?.writable)).toBe(true)
    const { subscribe, run, stop, paused } = consumer
    await subscribe({ topic: bench.topic })
    await run({ eachMessage: async () => {} })
    expect(paused()).toEqual([])
    await stop()
  })

  it.each([
    ['without a configuration', undefined, 'Consumer groupId must be a non-empty string.'],
    ['without a group', { groupId: '' }, 'Consumer groupId must be a non-empty string.'],
    [
      'whose heartbeats are as far apart as its session is long',
      { groupId: 'g', heartbeatInterval: 10_000, sessionTimeout: 10_000 },
      'Consumer heartbeatInterval (10000) must be lower than sessionTimeout (10000). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.',
    ],
  ])('%s is refused', (_, config, message) => {
    expect(() => new Kafka(target.config()).consumer(config as never)).toThrow(
      expect.objectContaining({ name: 'KafkaJSNonRetriableError', message }),
    )
  })

  it('describes its group', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const { AssignerProtocol } = await import('kafkajs-eventhubs')
    const consumer = bench.consumer()
    await bench.read(consumer)
    const { members, ...group } = await consumer.describeGroup()
    expect(group).toEqual({
      errorCode: 0,
      groupId: bench.groupId,
      protocol: 'RoundRobinAssigner',
      protocolType: 'consumer',
      state: 'Stable',
    })
    expect(members).toHaveLength(1)
    const [member] = members
    expect(member).toMatchObject({ clientId: 'test', clientHost: expect.any(String) })
    expect(AssignerProtocol.MemberMetadata.decode(member?.memberMetadata as Buffer)).toMatchObject({
      topics: [bench.topic],
    })
    expect(AssignerProtocol.MemberAssignment.decode(member?.memberAssignment as Buffer)).toMatchObject({
      assignment: { [bench.topic]: [0, 1] },
    })
  })

  it('logs with its own logger, of kafkajs’s names', async () => {
    const log: LogEntry[] = []
    await using bench = await openBench(target, {
      kafka: { logLevel: 4, logCreator: () => (entry: LogEntry) => void log.push(entry) },
    })
    const consumer = bench.consumer()
    expect(Object.keys(consumer.logger())).toEqual(['info', 'error', 'warn', 'debug', 'namespace', 'setLogLevel'])
    await bench.read(consumer)
    await consumer.stop()
    const told = log.map(({ namespace, log }) => `${namespace}: ${log.message}`)
    for (const message of ['Consumer: Starting', 'ConsumerGroup: Consumer has joined the group', 'Consumer: Stopped']) {
      expect(told).toContain(message)
    }
  })
})

describe('connect', () => {
  it('may be called again, and tells of it each time', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CONNECT', 'DISCONNECT')
    await consumer.connect()
    await consumer.connect()
    await consumer.disconnect()
    expect(names()).toEqual(['CONNECT', 'CONNECT', 'DISCONNECT'])
  })

  it('rejects where there is nothing to connect to', async () => {
    const kafka = new Kafka({ ...target.config({ logLevel: 0 }), brokers: ['localhost:1'], eventHubs: {} })
    const consumer = kafka.consumer({ groupId: 'g', retry: { retries: 1, initialRetryTime: 10 } })
    await expect(consumer.connect()).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: { name: 'KafkaJSConnectionError' },
    })
    await consumer.disconnect()
  })
})

describe('run', () => {
  it('is ignored, with a warning, by a consumer that is running', async () => {
    const log: LogEntry[] = []
    await using bench = await openBench(target, {
      kafka: { logLevel: 2, logCreator: () => (entry: LogEntry) => void log.push(entry) },
    })
    await bench.send(['a'])
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    let handled = 0
    await consumer.run({ eachMessage: async () => void handled++ })
    await reading.count(1)
    expect(handled).toBe(0)
    expect(log.map(({ log }) => log.message)).toContain('consumer#run was called, but the consumer is already running')
  })

  it('twice at once joins once', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'GROUP_JOIN')
    await consumer.subscribe({ topic: bench.topic })
    await Promise.all([consumer.run({ eachMessage: async () => {} }), consumer.run({ eachMessage: async () => {} })])
    expect(names()).toEqual(['GROUP_JOIN'])
  })

  it('needs a checkpoint store on a real namespace, and says what to add', async () => {
    const kafka = new Kafka({
      logLevel: 0,
      brokers: ['no-such-namespace.servicebus.windows.net:9093'],
      sasl: { mechanism: 'plain', username: 'name', password: 'key' },
    })
    const consumer = kafka.consumer({ groupId: 'g' })
    await expect(consumer.run({ eachMessage: async () => {} })).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('eventHubs: { checkpointStore:'),
    })
    expect(() => consumer.pause([])).toThrow('was not initialized')
    await consumer.disconnect()
  })

  it('again after disconnect() goes on where the group was', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(3)
    await consumer.disconnect()
    await bench.send(['more'])
    await consumer.connect()
    const again = await bench.read(consumer)
    await again.count(1)
    expect(again.values()).toEqual(['more'])
  })

  it('right after stop(), which is not awaited, waits for it', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(3)
    const stopped = consumer.stop()
    const values: string[] = []
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    await stopped
    await bench.send(['more'])
    await eventually(() => expect(values).toEqual(['more']))
  })
})

describe('stop', () => {
  it('of a consumer that does not run tells nothing', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'STOP')
    await consumer.stop()
    expect(names()).toEqual([])
  })

  it('by several at once is one', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'STOP', 'DISCONNECT')
    await bench.read(consumer)
    await Promise.all([consumer.stop(), consumer.stop(), consumer.disconnect(), consumer.disconnect()])
    expect(names()).toEqual(['STOP', 'DISCONNECT'])
  })

  it('before the group is joined really stops', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'GROUP_JOIN', 'STOP')
    const values: string[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    const running = consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    await consumer.stop()
    await running
    expect(names()).toEqual(['STOP'])
    const { state } = await consumer.describeGroup()
    expect(state).not.toBe('Stable')
    expect(values).toEqual([])
    const again = await bench.read(consumer)
    await again.count(3)
  })

  it('while the service cannot be reached does not wait for the retries', async () => {
    const kafka = new Kafka({ ...target.config({ logLevel: 0 }), brokers: ['localhost:1'], eventHubs: {} })
    const consumer = kafka.consumer({ groupId: 'g', retry: { retries: 10, initialRetryTime: 5000 } })
    const running = consumer.run({ eachMessage: async () => {} })
    await next(consumer, 'REQUEST_QUEUE_SIZE')
    const asked = performance.now()
    await consumer.stop()
    await running
    expect(performance.now() - asked).toBeLessThan(scaled(2000))
    await consumer.disconnect()
  })

  it.each(['stop', 'disconnect'] as const)('awaited inside eachMessage (%s) neither hangs nor loses', async (verb) => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const ended = next(consumer, verb === 'stop' ? 'STOP' : 'DISCONNECT')
    let returned = false
    const reading = await bench.read(consumer, {
      async handle({ message }) {
        if (message.offset !== '1') return
        await consumer[verb]()
        returned = true
      },
    })
    await ended
    expect(returned).toBe(true)
    expect(reading.values()).toEqual(['0', '1'])
    expect(await bench.committed()).toEqual({ 0: '2' })
  })

  it.each(['stop', 'disconnect'] as const)('awaited inside eachBatch (%s) neither hangs nor loses', async (verb) => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const ended = next(consumer, verb === 'stop' ? 'STOP' : 'DISCONNECT')
    let returned: string | undefined
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      async eachBatch({ batch, isRunning }) {
        if (returned) return
        await consumer[verb]()
        expect(isRunning()).toBe(false)
        returned = batch.lastOffset()
      },
    })
    await ended
    expect(returned).toBeDefined()
  })

  it.each(['stop', 'disconnect'] as const)(
    'and run(), both awaited inside a handler (%s), go on behind it',
    async (verb) => {
      await using bench = await openBench(target)
      await bench.send(numbers(4))
      const consumer = bench.consumer()
      const again: string[] = []
      let returned = false
      const reading = await bench.read(consumer, {
        async handle({ message }) {
          if (message.offset !== '1') return
          await consumer[verb]()
          await consumer.run({ eachMessage: async ({ message }) => void again.push(message.offset) })
          returned = true
        },
      })
      await eventually(() => expect(again).toEqual(['2', '3']))
      expect(returned).toBe(true)
      expect(reading.values()).toEqual(['0', '1'])
    },
  )

  it('inside a handler, not awaited there, is waited for by whoever awaits it', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'STOP')
    let settled = false
    const reading = await bench.read(consumer, {
      handle() {
        setImmediate(async () => {
          await eventually(() => reading.received.length === 1)
          await consumer.stop()
          settled = true
        })
      },
    })
    await eventually(() => expect(settled).toBe(true))
    expect(names()).toEqual(['STOP'])
  })

  it.each<[string, (consumer: Consumer, topic: string, offset: string) => unknown]>([
    [
      'commits',
      (consumer, topic, offset) =>
        consumer.commitOffsets([{ topic, partition: 0, offset: String(Number(offset) + 1) }]),
    ],
    [
      'pauses',
      (consumer, topic) => {
        consumer.pause([{ topic }])
        expect(consumer.paused()).toEqual([{ topic, partitions: [0] }])
      },
    ],
    ['resumes', (consumer, topic) => consumer.resume([{ topic }])],
  ])('while a handler that %s is at work lets it finish: nothing is handled twice', async (what, act) => {
    await using bench = await openBench(target)
    await bench.send(numbers(4))
    const handled: string[] = []
    const run = async (consumer: Consumer, onSecond: () => Promise<unknown>) => {
      await bench.read(consumer, {
        autoCommit: what !== 'commits',
        handle: async ({ message }) => {
          handled.push(message.offset)
          if (message.offset === '1') await onSecond()
          await act(consumer, bench.topic, message.offset)
          if (what === 'pauses') consumer.resume([{ topic: bench.topic }])
        },
      })
    }
    const first = bench.consumer()
    const stopping = new Promise<Promise<void>>((resolve) => {
      void run(first, () => {
        resolve(first.stop())
        return sleep(100)
      })
    })
    await stopping
    await run(bench.consumer(), async () => undefined)
    await eventually(() => expect(handled).toContain('3'))
    expect(handled).toEqual(numbers(4))
  })

  it('by a listener that awaits it is the whole of it', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer({ heartbeatInterval: 0 })
    const { names } = listen(consumer, 'STOP')
    let told: string[] | undefined
    consumer.on(consumer.events.HEARTBEAT, async () => {
      await consumer.stop()
      told ??= [...names()]
    })
    await bench.read(consumer, { handle: ({ heartbeat }) => heartbeat() })
    await eventually(() => expect(told).toEqual(['STOP']))
  })
})

describe('disconnect', () => {
  it('of a consumer that never connected is told all the same', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'STOP', 'DISCONNECT')
    await consumer.disconnect()
    expect(names()).toEqual(['DISCONNECT'])
  })

  it('has the partitions free for others at once', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    const consumer = bench.consumer()
    await bench.read(consumer)
    await consumer.disconnect()
    const other = bench.consumer({ sessionTimeout: 60_000 })
    const joined = next<{ memberAssignment: object; duration: number }>(other, 'GROUP_JOIN')
    await bench.read(other)
    const { memberAssignment, duration } = await joined
    expect(memberAssignment).toEqual({ [bench.topic]: [0, 1, 2] })
    expect(duration).toBeLessThan(scaled(2000))
  })

  it('is what leaving the scope does', async () => {
    await using bench = await openBench(target)
    const names: string[] = []
    {
      await using consumer = disposable(new Kafka(target.config()).consumer({ groupId: bench.groupId, ...quick }))
      consumer.on(consumer.events.DISCONNECT, () => void names.push('DISCONNECT'))
      await bench.read(consumer)
    }
    expect(names).toEqual(['DISCONNECT'])
  })
})

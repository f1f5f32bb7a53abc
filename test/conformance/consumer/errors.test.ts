import { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNotImplemented, type LogEntry } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

interface Crash {
  error: Error & { cause?: Error; retriable?: boolean; retryCount?: number }
  groupId: string
  restart: boolean
}

const impatient = { initialRetryTime: 10, maxRetryTime: 50, retries: 2 }

describe('a handler that fails', () => {
  it('gets the same message again, before any other of the partition', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    let failures = 0
    const reading = await bench.read(bench.consumer(), {
      handle({ message }) {
        if (message.offset === '2' && failures++ < 2) throw new Error('not now')
      },
    })
    await reading.count(7)
    expect(reading.values()).toEqual(['0', '1', '2', '2', '2', '3', '4'])
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '5' }))
  })

  it('has had the messages before it committed', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    let succeed = false
    await bench.read(bench.consumer({ retry: { ...impatient, retries: 1000 } }), {
      handle({ message }) {
        if (message.offset === '2' && !succeed) throw new Error('not now')
      },
    })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2' }))
    succeed = true
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '5' }))
  })

  it('has had nothing committed with autoCommit off', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    let failures = 0
    const reading = await bench.read(bench.consumer(), {
      autoCommit: false,
      handle({ message }) {
        if (message.offset === '2' && failures++ === 0) throw new Error('not now')
      },
    })
    await reading.count(4)
    expect(reading.values()).toEqual(['0', '1', '2', '2'])
    expect(await bench.committed()).toEqual({})
  })

  it('does not delay the other partitions', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const consumer = bench.consumer({ retry: { initialRetryTime: 2000, retries: 5 } })
    const reading = await bench.read(consumer, {
      handle({ partition }) {
        if (partition === 0) throw new Error('never')
      },
    })
    await bench.send(['poison'], 0)
    await reading.count(1)
    await bench.send(numbers(10), 1)
    await reading.count(11, 1500)
    expect(reading.values(1)).toEqual(numbers(10))
    // Nor does waiting for the next attempt delay stop().
    const asked = performance.now()
    await consumer.stop()
    expect(performance.now() - asked).toBeLessThan(scaled(1500))
  })

  it.each([
    ['an error of its own', new Error('mine'), 1],
    ['nothing', undefined, 1],
    ['a text', 'a text', 1],
    ['one of kafkajs’s errors', new KafkaJSError('known'), 0],
  ])('by throwing %s has it logged where it is news, and is called again', async (_, thrown, logged) => {
    const log: LogEntry[] = []
    await using bench = await openBench(target, {
      kafka: { logLevel: 1, logCreator: () => (entry: LogEntry) => void log.push(entry) },
    })
    await bench.send(['a'])
    let failures = 0
    const reading = await bench.read(bench.consumer(), {
      handle() {
        if (failures++ === 0) throw thrown
      },
    })
    await reading.count(2)
    const told = log.filter(({ log }) => log.message === 'Error when calling eachMessage')
    expect(told).toHaveLength(logged)
    if (logged > 0) {
      expect(told[0]).toMatchObject({ namespace: 'Runner', log: { topic: bench.topic, partition: 0, offset: '0' } })
    }
  })

  it('is not stopped by failures in all, as long as messages get handled in between', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const consumer = bench.consumer({ retry: impatient })
    const { events } = listen(consumer, 'CRASH')
    const failed = new Set<string>()
    const reading = await bench.read(consumer, {
      handle({ message }) {
        if (failed.has(message.offset)) return
        failed.add(message.offset)
        throw new Error('the first time is too much')
      },
    })
    await reading.count(20)
    expect(events).toEqual([])
    expect(reading.values()).toEqual(numbers(10).flatMap((value) => [value, value]))
  })
})

describe('a crash', () => {
  it('comes when the retries are used up; the consumer starts again, with the same message', async () => {
    const log: LogEntry[] = []
    await using bench = await openBench(target, {
      kafka: { logLevel: 1, logCreator: () => (entry: LogEntry) => void log.push(entry) },
    })
    await bench.send(numbers(3))
    const consumer = bench.consumer({ retry: impatient })
    const { names, payloads } = listen(consumer, 'CONNECT', 'GROUP_JOIN', 'STOP', 'DISCONNECT', 'CRASH')
    const mine = new Error('mine')
    let failures = 0
    const reading = await bench.read(consumer, {
      handle({ message }) {
        if (message.offset === '1' && failures++ < 3) throw mine
      },
    })
    await reading.count(6)
    expect(reading.values()).toEqual(['0', '1', '1', '1', '1', '2'])
    const [crash] = payloads<Crash>('CRASH')
    expect(crash).toMatchObject({ groupId: bench.groupId, restart: true })
    expect(crash?.error).toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded', retryCount: 2, message: 'mine' })
    expect(crash?.error.cause).toBe(mine)
    expect(names()).toEqual(['CONNECT', 'GROUP_JOIN', 'STOP', 'DISCONNECT', 'CRASH', 'CONNECT', 'GROUP_JOIN'])
    expect(log.findLast(({ namespace }) => namespace === 'Consumer')?.log).toMatchObject({
      message: expect.stringMatching(/^Restarting the consumer in \d+ms$/),
      retryCount: 2,
      groupId: bench.groupId,
    })
  })

  it.each([TypeError, RangeError, ReferenceError, SyntaxError])(
    'comes at once with a %o, and is final',
    async (Mistake) => {
      await using bench = await openBench(target)
      await bench.send(['a'])
      const consumer = bench.consumer()
      const crashed = next<Crash>(consumer, 'CRASH')
      const mistake = new Mistake('a mistake in the program')
      const reading = await bench.read(consumer, {
        handle() {
          throw mistake
        },
      })
      const { error, restart } = await crashed
      expect(restart).toBe(false)
      expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', message: mistake.message, retriable: false })
      expect(error.cause).toBe(mistake)
      expect(reading.received).toHaveLength(1)
    },
  )

  it('is final for an error that says so', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const crashed = next<Crash>(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new KafkaJSNonRetriableError('never again')
      },
    })
    expect(await crashed).toMatchObject({
      restart: false,
      error: { name: 'KafkaJSNonRetriableError', message: 'never again', cause: { message: 'never again' } },
    })
  })

  it('has KafkaJSNotImplemented as it is', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const crashed = next<Crash>(consumer, 'CRASH')
    const missing = new KafkaJSNotImplemented('no such codec')
    await bench.read(consumer, {
      handle() {
        throw missing
      },
    })
    const { error, restart } = await crashed
    expect([error, restart]).toEqual([missing, false])
  })

  it('restarts for a final error whose cause is not', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer({ retry: impatient })
    const crashed = next<Crash>(consumer, 'CRASH')
    let thrown = false
    const reading = await bench.read(consumer, {
      handle() {
        if (thrown) return
        thrown = true
        throw new KafkaJSNonRetriableError('wrapped', { cause: new KafkaJSError('may pass', { retriable: true }) })
      },
    })
    expect((await crashed).restart).toBe(true)
    await reading.count(2)
  })

  it('asks restartOnFailure, after the disconnect and before CRASH', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const asked: Error[] = []
    const consumer = bench.consumer({
      retry: {
        ...impatient,
        async restartOnFailure(error) {
          asked.push(error)
          expect(names()).toContain('DISCONNECT')
          expect(names()).not.toContain('CRASH')
          return false
        },
      },
    })
    const { names } = listen(consumer, 'DISCONNECT', 'CRASH')
    const crashed = next<Crash>(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new Error('mine')
      },
    })
    const { error, restart } = await crashed
    expect(restart).toBe(false)
    expect(asked).toEqual([error])
    expect(error.name).toBe('KafkaJSNumberOfRetriesExceeded')
  })

  it('restarts when restartOnFailure agrees, and when it fails itself', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    let asked = 0
    const consumer = bench.consumer({
      retry: {
        ...impatient,
        async restartOnFailure() {
          asked++
          if (asked === 2) throw new Error('cannot tell')
          return true
        },
      },
    })
    let failures = 0
    const reading = await bench.read(consumer, {
      handle() {
        if (failures++ < 6) throw new Error('mine')
      },
    })
    await reading.count(7)
    expect(asked).toBe(2)
  })

  it('does not ask restartOnFailure about final errors', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    let asked = 0
    const consumer = bench.consumer({ retry: { ...impatient, restartOnFailure: async () => asked++ === 0 } })
    const crashed = next<Crash>(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new TypeError('mine')
      },
    })
    await crashed
    expect(asked).toBe(0)
  })

  it('without a restart leaves a consumer that can be run again', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const crashed = next(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new TypeError('mine')
      },
    })
    await crashed
    expect(consumer.paused()).toEqual([])
    expect(() => consumer.seek({ topic: bench.topic, partition: 0, offset: '0' })).toThrow('was not initialized')
    const again = await bench.read(consumer)
    await again.count(1)
  })

  it('is taken back by stop() while it waits for the restart', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer({ retry: { ...impatient, initialRetryTime: 100, retries: 0 } })
    const { names } = listen(consumer, 'GROUP_JOIN')
    const crashed = next<Crash>(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new Error('mine')
      },
    })
    expect((await crashed).restart).toBe(true)
    await consumer.stop()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(names()).toEqual(['GROUP_JOIN'])
  })

  it('during stop() in restartOnFailure neither hangs nor restarts', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer({
      retry: {
        ...impatient,
        async restartOnFailure() {
          await consumer.disconnect()
          return true
        },
      },
    })
    const crashed = next<Crash>(consumer, 'CRASH')
    await bench.read(consumer, {
      handle() {
        throw new Error('mine')
      },
    })
    expect((await crashed).restart).toBe(false)
  })

  it('leaves handlers of other partitions to finish, and commits what they have done', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await bench.send(['slow'], 1)
    const consumer = bench.consumer()
    let finish = () => {}
    const reading = await bench.read(consumer, {
      partitionsConsumedConcurrently: 2,
      async handle({ partition }) {
        if (partition === 0) throw new TypeError('mine')
        await new Promise<void>((resolve) => {
          finish = resolve
        })
      },
    })
    await reading.count(1)
    const crashed = next(consumer, 'CRASH')
    await bench.send(['poison'], 0)
    await reading.count(2)
    finish()
    await crashed
    expect(await bench.committed()).toEqual({ 1: '1' })
  })
})

describe('run()', () => {
  it('does not reject when joining fails: it resolves after CRASH', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({
      partitionAssigners: [
        () => {
          throw new KafkaJSNonRetriableError('no such assigner')
        },
      ],
    })
    await consumer.subscribe({ topics: [bench.topic] })
    const { payloads } = listen(consumer, 'CRASH')
    await consumer.run({ eachMessage: async () => {} })
    expect(payloads<Crash>('CRASH')).toMatchObject([{ restart: false, error: { message: 'no such assigner' } }])
  })

  it('tries again to join where that may help, then crashes, restarts and consumes', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { PartitionAssigners } = await import('kafkajs-eventhubs')
    let failures = 0
    const consumer = bench.consumer({
      retry: impatient,
      partitionAssigners: [
        (config) => {
          const assigner = PartitionAssigners.roundRobin(config)
          return {
            ...assigner,
            async assign(options) {
              if (failures++ < 4) throw new Error('cannot assign yet')
              return assigner.assign(options)
            },
          }
        },
      ],
    })
    const { payloads } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    await reading.count(1)
    const crashes = payloads<Crash>('CRASH')
    expect(crashes).toMatchObject([{ restart: true, error: { name: 'KafkaJSNumberOfRetriesExceeded' } }])
  })

  it('with neither handler joins and resolves nothing', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    const started = next(consumer, 'START_BATCH_PROCESS')
    await consumer.run({ eachMessage: undefined, eachBatch: undefined } as never)
    await started
    await consumer.stop()
    expect(await bench.committed()).toEqual({})
  })
})

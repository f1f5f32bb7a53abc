import { type CheckpointStore, type ConsumerConfig, logLevel, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Emulator } from '../../../src/emulator/index.js'
import { listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator, type Target } from '../../support/harness.js'

let target: Target & { readonly emulator: Emulator }
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(async () => {
  process.on('unhandledRejection', note)
  target = await openEmulator()
})
afterAll(async () => {
  await target[Symbol.asyncDispose]()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

const circular = Object.assign(new Error('circular'), { self: undefined as unknown })
circular.self = circular
const withGetter = Object.defineProperty(new Error('x'), 'retriable', {
  get() {
    throw new Error('no')
  },
})

/** What plain JavaScript throws, in earnest or by mistake. */
const thrown: [string, () => unknown][] = [
  ['a text', () => 'text'],
  ['undefined', () => undefined],
  ['null', () => null],
  ['an object without prototype', () => Object.create(null)],
  ['a frozen error', () => Object.freeze(new Error('frozen'))],
  ['an error that leads back to itself', () => circular],
  ['an error with a getter that throws', () => withGetter],
  ['a promise', () => Promise.reject(new Error('promised'))],
]

const impatient = { retry: { initialRetryTime: 20, maxRetryTime: 50, retries: 2 } } satisfies Partial<ConsumerConfig>

describe('a handler', () => {
  it.each(thrown)('that throws %s gets the message again', async (_, make) => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer(impatient)
    const { names } = listen(consumer, 'CRASH')
    let failures = 0
    const reading = await bench.read(consumer, {
      handle({ message }) {
        if (message.offset === '1' && failures++ === 0) throw make()
      },
    })
    await reading.count(4)
    expect(reading.values()).toEqual(['0', '1', '1', '2'])
    expect(names()).toEqual([])
  })

  it('that goes on throwing what has no prototype crashes the consumer, which starts again', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(1))
    const consumer = bench.consumer(impatient)
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    let failures = 0
    const reading = await bench.read(consumer, {
      handle() {
        if (failures++ < 3) throw Object.create(null)
      },
    })
    expect(await crashed).toMatchObject({ restart: true, error: { name: 'KafkaJSNumberOfRetriesExceeded' } })
    await reading.count(4)
  })
})

describe('a listener', () => {
  it.each(thrown)('that throws %s at every event harms nothing', async (_, make) => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    for (const name of Object.values(consumer.events)) {
      consumer.on(name as 'consumer.connect', () => {
        throw make()
      })
    }
    bench.producer.on(bench.producer.events.REQUEST, () => {
      throw make()
    })
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    await consumer.disconnect()
  })
})

describe('a store', () => {
  it.each(thrown)('that throws %s now and then is asked again', async (_, make) => {
    const memory = memoryCheckpointStore()
    let calls = 0
    let next = 2
    let gap = 3
    const sometimes =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> => {
        // Not asynchronously: there is no promise that rejects.
        if (++calls < next) return call(...args)
        // Ever more seldom, so that what takes several calls gets through.
        next += gap++
        throw make()
      }
    const checkpointStore: CheckpointStore = {
      ...memory,
      listOwnership: sometimes(memory.listOwnership),
      claimOwnership: sometimes(memory.claimOwnership),
      updateCheckpoint: sometimes(memory.updateCheckpoint),
      listCheckpoints: sometimes(memory.listCheckpoints),
    }
    await using bench = await openBench(target, {
      kafka: { eventHubs: { ...target.config().eventHubs, checkpointStore } },
    })
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer)
    await reading.count(3)
    expect(names()).toEqual([])
  })
})

describe('a logger', () => {
  it.each(thrown)('that throws %s at every line keeps nothing from being retried, told and ended', async (_, make) => {
    const muted = (['error', 'warn', 'info'] as const).map((name) => vi.spyOn(console, name).mockReturnValue())
    try {
      const logCreator = () => () => {
        throw make()
      }
      await using bench = await openBench(target, { kafka: { logLevel: logLevel.INFO, logCreator } })
      await bench.send(numbers(2))
      const consumer = bench.consumer({ retry: { ...impatient.retry, retries: 0 } })
      const { names } = listen(consumer, 'CRASH', 'STOP', 'DISCONNECT')
      let failures = 0
      const reading = await bench.read(consumer, {
        handle() {
          if (failures++ === 0) throw new Error('not now')
        },
      })
      await reading.count(3)
      await consumer.disconnect()
      expect(names()).toEqual(['STOP', 'DISCONNECT', 'CRASH', 'STOP', 'DISCONNECT'])
    } finally {
      for (const each of muted) each.mockRestore()
    }
  })
})

describe('callbacks of a program', () => {
  it('that throw what has no prototype: restartOnFailure counts as yes', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    let failures = 0
    const consumer = bench.consumer({
      retry: {
        ...impatient.retry,
        restartOnFailure: async () => {
          throw Object.create(null)
        },
      },
    })
    const crashed = next<{ restart: boolean }>(consumer, 'CRASH')
    const reading = await bench.read(consumer, {
      handle() {
        if (failures++ < 3) throw new Error('not now')
      },
    })
    expect((await crashed).restart).toBe(true)
    await reading.count(4)
  })

  it('that throw what has no prototype: a partition assigner is run again', async () => {
    await using bench = await openBench(target)
    const { PartitionAssigners } = await import('kafkajs-eventhubs')
    let runs = 0
    const consumer = bench.consumer({
      partitionAssigners: [
        (config) => {
          const assigner = PartitionAssigners.roundRobin(config)
          return {
            ...assigner,
            async assign(given) {
              if (runs++ === 0) throw Object.create(null)
              return assigner.assign(given)
            },
          }
        },
      ],
    })
    const reading = await bench.read(consumer)
    await bench.send(['a'])
    await reading.count(1)
    await eventually(() => expect(runs).toBe(2))
  })
})

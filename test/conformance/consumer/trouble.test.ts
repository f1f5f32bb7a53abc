import { type LogEntry, logLevel } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

/** A bench, and what its clients log. */
async function openLogged(partitions: number, consumerGroups: string[] = []) {
  const entries: LogEntry[] = []
  const logCreator = () => (entry: LogEntry) => void entries.push(entry)
  const bench = await openBench(target, { partitions, consumerGroups, kafka: { logLevel: logLevel.INFO, logCreator } })
  const logged = (label: string, text: string) =>
    entries.filter((entry) => entry.label === label && entry.log.message.includes(text))
  return { bench, logged }
}

/** Blocks the event loop, as synchronous work does. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('a partition that cannot be read', () => {
  it.each(['amqp:internal-error', 'amqp:resource-limit-exceeded', 'com.microsoft:server-busy'])(
    'is tried again for as long as the group has it, with one warning, and the others go on untouched: %s',
    async (condition) => {
      const { bench, logged } = await openLogged(2)
      await using _ = bench
      const consumer = bench.consumer({ retry: { retries: 0, initialRetryTime: 10, maxRetryTime: 20 } })
      const { names } = listen(consumer, 'CRASH', 'REBALANCING')
      const reading = await bench.read(consumer)
      const where = { hub: bench.topic, partition: 1, direction: 'receive' } as const
      const refusal = target.emulator.faults.refuseAttach({ ...where, condition })
      await target.emulator.faults.detachLinks({ ...where, condition: 'amqp:link:detach-forced' })
      await eventually(() => expect(refusal.hits).toBeGreaterThan(5))
      await bench.send(numbers(20), 0)
      await bench.send(numbers(5), 1)
      await reading.count(20)
      refusal.clear()
      await reading.count(25)
      expect([reading.values(0), reading.values(1)]).toEqual([numbers(20), numbers(5)])
      expect(names()).toEqual([])
      const [warning, ...more] = logged('WARN', 'Could not read the partition')
      expect(warning?.log).toMatchObject({ topic: bench.topic, partition: 1, retryCount: 0 })
      expect(warning?.log['retryTime']).toBeGreaterThan(0)
      expect(more).toEqual([])
      await eventually(() => expect(logged('INFO', 'The partition is read again')).toHaveLength(1))
    },
  )

  it('for a moment, since its link is dropped, is told at INFO and no more', async () => {
    const { bench, logged } = await openLogged(1)
    await using _ = bench
    // A wait before the link is opened again would be longer than the test.
    const consumer = bench.consumer({ retry: { retries: 0, initialRetryTime: 20_000 } })
    const { names } = listen(consumer, 'CRASH', 'REBALANCING')
    const reading = await bench.read(consumer)
    for (let drops = 0; drops < 3; drops++) {
      await bench.send([String(drops)])
      await reading.count(drops + 1)
      const where = { hub: bench.topic, partition: 0, direction: 'receive' } as const
      await target.emulator.faults.detachLinks({ ...where, condition: 'amqp:link:detach-forced' })
    }
    await bench.send(['3'])
    await reading.count(4)
    expect(names()).toEqual([])
    expect(logged('WARN', 'Could not read')).toEqual([])
    const told = logged('INFO', 'The link is gone, and is opened again')
    expect(told.map(({ log }) => log)).toEqual([expect.objectContaining({ topic: bench.topic, partition: 0 })])
  })

  it('because five others read it is told with the first attempt, not when the retries are used up', async () => {
    const { bench, logged } = await openLogged(1)
    await using _ = bench
    // Groups without an Event Hubs consumer group of their name share $Default.
    for (let index = 0; index < 5; index++) await bench.read(bench.consumer({ groupId: `${bench.groupId}-${index}` }))
    await eventually(() => expect(logged('INFO', 'Consumer has joined')).toHaveLength(5))
    await bench.send(['a'])
    const consumer = bench.consumer({ retry: { initialRetryTime: 20_000 } })
    const { names } = listen(consumer, 'CRASH')
    await bench.read(consumer)
    const [warning] = await eventually(() => {
      const warnings = logged('WARN', 'Could not read the partition')
      return warnings.length > 0 && warnings
    })
    expect(warning?.log).toMatchObject({ topic: bench.topic, partition: 0, retryCount: 0 })
    expect(warning?.log.message).toMatch(/receivers per partition/)
    expect(names()).toEqual([])
  })

  it('because a stranger keeps its epoch is read on when the stranger has gone', async () => {
    const { bench, logged } = await openLogged(2, ['groupId'])
    await using _ = bench
    const consumer = bench.consumer({ retry: { retries: 0, initialRetryTime: 10, maxRetryTime: 50 } })
    const { names } = listen(consumer, 'CRASH', 'REBALANCING')
    const reading = await bench.read(consumer)
    await bench.send(['a'], 0)
    await reading.count(1)
    const leave = target.emulator.faults.stealEpoch({ hub: bench.topic, partition: 0, group: bench.groupId })
    await eventually(() => expect(logged('WARN', 'epoch')).toHaveLength(1))
    await bench.send(['b'], 0)
    await bench.send(numbers(5), 1)
    await reading.count(6)
    leave()
    await reading.count(7)
    expect(reading.values(0)).toEqual(['a', 'b'])
    expect(names()).toEqual([])
  })
})

describe('a member that has overslept', () => {
  const sessionTimeout = 600
  const overslept = { sessionTimeout, heartbeatInterval: 100 }
  const all = numbers(6)

  /** Blocks at the third message, once. */
  const sleepiness = () => {
    let handled = 0
    return () => {
      if (++handled === 3) block(2 * sessionTimeout)
    }
  }

  const expectToGoOn = async (bench: Bench, values: string[], names: () => string[]) => {
    await eventually(() => expect(new Set(values)).toEqual(new Set(all)))
    await bench.send(['after'])
    await eventually(() => expect(values).toContain('after'))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '7' }))
    expect(names()).toEqual([])
  }

  it('goes on after heartbeat() in eachMessage', async () => {
    await using bench = await openBench(target)
    await bench.send(all)
    const consumer = bench.consumer(overslept)
    const { names } = listen(consumer, 'CRASH')
    const values: string[] = []
    const maySleep = sleepiness()
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      async eachMessage({ message, heartbeat }) {
        maySleep()
        values.push(String(message.value))
        await heartbeat()
      },
    })
    await expectToGoOn(bench, values, names)
  })

  it.each([
    ['heartbeat()', async ({ heartbeat }: Acts) => heartbeat()],
    ['commitOffsetsIfNecessary()', async ({ commitOffsetsIfNecessary }: Acts) => commitOffsetsIfNecessary()],
    [
      'commitOffsetsIfNecessary() of its own offsets',
      async ({ commitOffsetsIfNecessary, uncommittedOffsets }: Acts) => commitOffsetsIfNecessary(uncommittedOffsets()),
    ],
    ['the end of its handler', async () => undefined],
  ])('goes on after %s in eachBatch', async (_, act) => {
    await using bench = await openBench(target)
    await bench.send(all)
    const consumer = bench.consumer(overslept)
    const { names } = listen(consumer, 'CRASH')
    const values: string[] = []
    const maySleep = sleepiness()
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      autoCommitThreshold: 1,
      async eachBatch({ batch, resolveOffset, ...acts }) {
        for (const message of batch.messages) {
          maySleep()
          values.push(String(message.value))
          resolveOffset(message.offset)
          await act(acts)
        }
      },
    })
    await expectToGoOn(bench, values, names)
  })

  it('handles a message once that blocks for longer each time, where nobody has taken the partition', async () => {
    const { bench, logged } = await openLogged(1)
    await using _ = bench
    await bench.send(all)
    const reading = await bench.read(bench.consumer(overslept), {
      handle({ message }) {
        if (message.offset === '2') block(2 * sessionTimeout)
      },
    })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '6' }))
    expect(reading.values()).toEqual(all)
    expect(logged('WARN', 'A lease has run out')).toHaveLength(1)
  })

  it('skips nothing of a batch that its handler left as it saw isStale()', async () => {
    await using bench = await openBench(target)
    await bench.send(all)
    const consumer = bench.consumer(overslept)
    const values: string[] = []
    const maySleep = sleepiness()
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      async eachBatch({ batch, resolveOffset, isStale }) {
        for (const message of batch.messages) {
          if (isStale()) return
          maySleep()
          values.push(String(message.value))
          resolveOffset(message.offset)
        }
      },
    })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '6' }))
    expect(values).toEqual(all)
  })

  it.each(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])(
    'goes on though its handler passes on an error %s',
    async (type) => {
      const { bench, logged } = await openLogged(1)
      await using _ = bench
      await bench.send(all)
      const consumer = bench.consumer(overslept)
      const { names } = listen(consumer, 'CRASH')
      let failures = 0
      const reading = await bench.read(consumer, {
        handle({ message }) {
          if (message.offset === '2' && failures++ < 3)
            throw Object.assign(new Error('of the group'), { type, retriable: false })
        },
      })
      await reading.count(9)
      expect(reading.values()).toEqual(['0', '1', '2', '2', '2', '2', '3', '4', '5'])
      expect(names()).toEqual([])
      expect(logged('WARN', 'The group is rebalancing')).toHaveLength(3)
    },
  )
})

interface Acts {
  heartbeat(): Promise<void>
  commitOffsetsIfNecessary(offsets?: ReturnType<Acts['uncommittedOffsets']>): Promise<void>
  uncommittedOffsets(): { topics: { topic: string; partitions: { partition: number; offset: string }[] }[] }
}

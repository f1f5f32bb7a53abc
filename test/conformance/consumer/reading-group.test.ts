import { type EventHubsOptions, Kafka, type LogEntry, logLevel } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, type BenchOptions, listen, next, openBench, quick } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

const openWith = (eventHubs: EventHubsOptions, options: BenchOptions = {}) =>
  openBench(target, {
    ...options,
    kafka: { ...options.kafka, eventHubs: { ...target.config().eventHubs, ...eventHubs } },
  })

/** Whether somebody reads the topic as this Event Hubs consumer group: asked by ending their links. */
const readsAs = async (bench: Bench, group: string) =>
  (await target.emulator.faults.detachLinks({
    hub: bench.topic,
    direction: 'receive',
    group,
    condition: 'amqp:link:detach-forced',
  })) > 0

async function reads(bench: Bench, values: string[]) {
  const reading = await bench.read(bench.consumer())
  await bench.send(values)
  await reading.count(values.length)
  expect(reading.values()).toEqual(values)
  return reading
}

describe("eventHubs.consumerGroup 'auto'", () => {
  it('reads as the consumer group called like the group id, where there is one', async () => {
    await using bench = await openWith({}, { consumerGroups: ['groupId'] })
    await reads(bench, ['a'])
    expect(await readsAs(bench, '$Default')).toBe(false)
    await eventually(() => readsAs(bench, bench.groupId))
  })

  it('reads $Default elsewhere, and logs so once', async () => {
    const log: LogEntry[] = []
    await using bench = await openWith(
      {},
      { partitions: 3, kafka: { logLevel: 4, logCreator: () => (entry: LogEntry) => void log.push(entry) } },
    )
    await reads(bench, ['a'])
    expect(await readsAs(bench, '$Default')).toBe(true)
    expect(log.filter(({ log }) => log.message.includes('reading $Default'))).toHaveLength(1)
  })

  it('reads $Default for a group id that no consumer group can have', async () => {
    await using bench = await openWith({})
    const groupId = `${bench.groupId} with blanks`
    const reading = await bench.read(bench.consumer({ groupId }))
    await bench.send(['a'])
    await reading.count(1)
  })

  it('is fenced by the epoch from a reader that is not of the group any more', async () => {
    await using bench = await openWith({}, { consumerGroups: ['groupId'] })
    await reads(bench, ['a'])
    // With an epoch of the same height, the later reader wins: the consumer must be one that has an epoch to come back.
    const leave = target.emulator.faults.stealEpoch({ hub: bench.topic, partition: 0, group: bench.groupId, epoch: 0 })
    await eventually(() => readsAs(bench, bench.groupId))
    leave()
  })

  it('falls back by topic', async () => {
    await using bench = await openWith({}, { consumerGroups: ['groupId'] })
    const other = await target.createTopic({ partitions: 1 })
    const reading = await bench.read(bench.consumer(), { topics: [bench.topic, other] })
    await bench.send(['a'])
    await bench.send(['b'], 0, other)
    await reading.count(2)
    expect(await readsAs(bench, bench.groupId)).toBe(true)
    expect(await readsAs({ ...bench, topic: other }, '$Default')).toBe(true)
  })
})

describe("eventHubs.consumerGroup 'dedicated'", () => {
  it('makes the consumer group on each topic, through management', async () => {
    await using bench = await openWith({ consumerGroup: 'dedicated' }, { partitions: 4 })
    await reads(bench, ['a'])
    expect(target.emulator.eventHubs.get(bench.topic)?.consumerGroups).toContain(bench.groupId)
    expect(await readsAs(bench, bench.groupId)).toBe(true)
  })

  it('reads as the one that is there', async () => {
    await using bench = await openWith(
      { consumerGroup: 'dedicated', management: false },
      { consumerGroups: ['groupId'] },
    )
    await reads(bench, ['a'])
  })

  it('crashes without management, with what to do', async () => {
    await using bench = await openWith({ consumerGroup: 'dedicated', management: false })
    const consumer = bench.consumer()
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    await bench.read(consumer)
    const { error, restart } = await crashed
    expect(restart).toBe(false)
    expect(error.message).toContain(`no consumer group "${bench.groupId}"`)
    expect(error.message).toContain('az eventhubs eventhub consumer-group create')
  })

  it('refuses a group id that no consumer group can have', async () => {
    await using bench = await openWith({ consumerGroup: 'dedicated' })
    const consumer = bench.consumer({ groupId: 'with blanks' })
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    await bench.read(consumer)
    const { error, restart } = await crashed
    expect(restart).toBe(false)
    expect(error.message).toContain('consumerGroup')
  })
})

describe("eventHubs.consumerGroup '$Default'", () => {
  it('is read although there is one called like the group id', async () => {
    await using bench = await openWith({ consumerGroup: '$Default' }, { consumerGroups: ['groupId'] })
    await reads(bench, ['a'])
    expect(await readsAs(bench, '$Default')).toBe(true)
  })

  it('lets several groups read side by side', async () => {
    await using bench = await openWith({ consumerGroup: '$Default' })
    const readings = await Promise.all(
      ['a', 'b', 'c'].map((suffix) => bench.read(bench.consumer({ groupId: `${bench.groupId}-${suffix}` }))),
    )
    await bench.send(['x'])
    for (const reading of readings) await reading.count(1)
  })

  it('has a sixth group told that it takes five, until one leaves', async () => {
    await using bench = await openWith({ consumerGroup: '$Default' })
    const consumers = [1, 2, 3, 4, 5].map((n) => bench.consumer({ groupId: `${bench.groupId}-${n}` }))
    const readings = await Promise.all(consumers.map((consumer) => bench.read(consumer)))
    await bench.send(['x'])
    for (const reading of readings) await reading.count(1)
    const warnings: string[] = []
    const logged = new Kafka({
      ...target.config({ eventHubs: { ...target.config().eventHubs, consumerGroup: '$Default' } }),
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => {
        if (entry.label === 'WARN') warnings.push(entry.log.message)
      },
    })
    const sixth = logged.consumer({
      ...quick,
      groupId: `${bench.groupId}-6`,
      retry: { retries: 0, initialRetryTime: 10 },
    })
    const { names } = listen(sixth, 'CRASH')
    const reading = await bench.read(sixth)
    await eventually(() => expect(warnings.join()).toContain('five readers'), { timeout: 5000 })
    await consumers[0]?.disconnect()
    await reading.count(1)
    await sixth.disconnect()
    expect(names()).toEqual([])
  })
})

describe('eventHubs.consumerGroup as a function', () => {
  it('names the consumer group by group id and topic', async () => {
    const asked: string[][] = []
    await using bench = await openWith(
      {
        consumerGroup(groupId, topic) {
          asked.push([groupId, topic])
          return 'shared-by-many'
        },
      },
      { consumerGroups: ['shared-by-many'] },
    )
    await reads(bench, ['a'])
    expect(asked).toContainEqual([bench.groupId, bench.topic])
    expect(await readsAs(bench, 'shared-by-many')).toBe(true)
    // Offsets stay those of the Kafka group.
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '1' }))
  })

  it('that names one that is missing has the consumer crash, with what to do', async () => {
    await using bench = await openWith({ consumerGroup: () => 'missing' })
    const consumer = bench.consumer()
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    await bench.read(consumer)
    expect(await crashed).toMatchObject({
      restart: false,
      error: { message: expect.stringContaining('has no consumer group "missing"') },
    })
  })
})

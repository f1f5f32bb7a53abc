import { EventHubConsumerClient, type ReceivedEventData, type CheckpointStore as SdkStore } from '@azure/event-hubs'
import { type Checkpoint, type CheckpointStore, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

/** What was written to the store, and by whom. */
interface Written {
  readonly by: 'ours' | 'theirs'
  readonly what: 'claim' | 'release' | 'checkpoint'
  readonly partition: string
  readonly sequenceNumber?: number
}

/** One store for both; the SDK's namespace has no port, which on an emulator ours has. */
function shareStore() {
  const memory = memoryCheckpointStore()
  const written: Written[] = []
  const namespace = `localhost:${target.emulator.port}`
  const noting = (by: Written['by']): CheckpointStore => ({
    ...memory,
    async claimOwnership(records) {
      const claimed = await memory.claimOwnership(
        records.map((one) => ({ ...one, fullyQualifiedNamespace: namespace })),
      )
      for (const { partitionId, ownerId, eventHubName } of claimed) {
        if (eventHubName.startsWith('$')) continue
        written.push({ by, what: ownerId === '' ? 'release' : 'claim', partition: partitionId })
      }
      return claimed
    },
    async updateCheckpoint(checkpoint: Checkpoint) {
      const { partitionId: partition, sequenceNumber } = checkpoint
      written.push({ by, what: 'checkpoint', partition, sequenceNumber })
      await memory.updateCheckpoint({ ...checkpoint, fullyQualifiedNamespace: namespace })
    },
    listOwnership: (_, ...rest) => memory.listOwnership(namespace, ...rest),
    listCheckpoints: (_, ...rest) => memory.listCheckpoints(namespace, ...rest),
  })
  return { ours: noting('ours'), theirs: noting('theirs') as unknown as SdkStore, written, namespace }
}

/** A processor of the SDK that notes what it reads, and checkpoints it. */
function startProcessor(bench: Bench, store: SdkStore) {
  const client = new EventHubConsumerClient(bench.groupId, target.emulator.connectionString, bench.topic, store, {
    loadBalancingOptions: { strategy: 'greedy', updateIntervalInMs: 300 },
  })
  const read: string[] = []
  const subscription = client.subscribe(
    {
      async processEvents(events: ReceivedEventData[], context) {
        read.push(...events.map(({ sequenceNumber }) => `${context.partitionId}/${sequenceNumber}`))
        const last = events.at(-1)
        if (last) await context.updateCheckpoint(last)
      },
      processError: async () => {},
    },
    { startPosition: { offset: '-1' }, maxBatchSize: 20, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
  )
  let closed = false
  return {
    read,
    async close() {
      if (closed) return
      closed = true
      await subscription.close()
      await client.close()
    },
  }
}

const keys = (received: readonly { partition: number; offset: string }[]) =>
  received.map(({ partition, offset }) => `${partition}/${offset}`)

async function openShared(partitions: number) {
  const store = shareStore()
  const bench = await openBench(target, {
    partitions,
    consumerGroups: ['groupId'],
    kafka: { eventHubs: { ...target.config().eventHubs, checkpointStore: store.ours } },
  })
  const sendToAll = (values: string[]) =>
    Promise.all(numbers(partitions).map((partition) => bench.send(values, Number(partition))))
  const owners = async () => {
    const records = await store.ours.listOwnership(store.namespace, bench.topic, bench.groupId)
    return records
      .map(({ ownerId }) => (ownerId === '' ? '' : ownerId.startsWith('kafkajs:') ? 'ours' : 'theirs'))
      .sort()
  }
  return { ...store, bench, sendToAll, owners }
}

describe('a group shared with a processor of the Azure SDK', () => {
  it('yields what the processor’s balancing claims, and takes over when it closes', async () => {
    const { bench, theirs, written, sendToAll, owners } = await openShared(4)
    await using _ = bench
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer, { partitionsConsumedConcurrently: 4 })
    let producing = true
    let sent = 0
    const production = (async () => {
      for (; producing; sent++) await sendToAll([String(sent)])
    })()
    production.catch(() => undefined) // Told below, if the test comes so far.
    await reading.count(40)

    const processor = startProcessor(bench, theirs)
    try {
      await eventually(async () => expect(await owners()).toEqual(['ours', 'ours', 'theirs', 'theirs']))
      const readByThem = () => [...new Set(processor.read.map((key) => key.split('/')[0] ?? ''))].sort()
      await eventually(() => {
        expect(processor.read.length).toBeGreaterThan(40)
        expect(readByThem()).toHaveLength(2)
      })
      const taken = readByThem()
      // It stays so: nobody takes back, nobody takes more.
      const readByUs = reading.received.length
      await eventually(() => expect(reading.received.length).toBeGreaterThan(readByUs + 40))
      expect(await owners()).toEqual(['ours', 'ours', 'theirs', 'theirs'])
      for (const partition of taken) expectNothingWrittenOver(written, partition)
    } finally {
      await processor.close()
    }
    await eventually(async () => expect(await owners()).toEqual(['ours', 'ours', 'ours', 'ours']))
    producing = false
    await production
    const everything = numbers(4).flatMap((partition) => numbers(sent).map((offset) => `${partition}/${offset}`))
    await eventually(() => {
      const read = new Set([...keys(reading.received), ...processor.read])
      expect(everything.filter((key) => !read.has(key))).toEqual([])
    })
    // Nothing of ours twice: what changed hands in between was committed by whoever had it.
    expect(new Set(keys(reading.received)).size).toBe(reading.received.length)
    for (const partition of numbers(4)) expectNeverBackwards(written, partition)
    expect(names()).toEqual([])
  })

  it('goes on where the processor was, and the processor where the group was', async () => {
    const { bench, theirs, sendToAll } = await openShared(2)
    await using _ = bench
    await sendToAll(numbers(5))
    const consumer = bench.consumer()
    const first = await bench.read(consumer)
    await first.count(10)
    await consumer.disconnect()

    await sendToAll(numbers(5, 5))
    const processor = startProcessor(bench, theirs)
    await eventually(() => expect(processor.read).toHaveLength(10))
    await processor.close()
    const expected = numbers(2).flatMap((partition) => numbers(5, 5).map((offset) => `${partition}/${offset}`))
    expect([...processor.read].sort()).toEqual(expected)

    await sendToAll(numbers(5, 10))
    const again = await bench.read(bench.consumer())
    await again.count(10)
    const rest = numbers(2).flatMap((partition) => numbers(5, 10).map((offset) => `${partition}/${offset}`))
    expect(keys(again.received).sort()).toEqual(rest.sort())
  })

  it('takes nothing that the processor holds and renews', async () => {
    const { bench, theirs, sendToAll, owners, written } = await openShared(3)
    await using _ = bench
    const processor = startProcessor(bench, theirs)
    try {
      await eventually(async () => expect(await owners()).toEqual(['theirs', 'theirs', 'theirs']))
      const reading = await bench.read(bench.consumer({ sessionTimeout: 1000 }))
      await sendToAll(numbers(5))
      await eventually(() => expect(processor.read).toHaveLength(15))
      const renewals = written.filter(({ by, what }) => by === 'theirs' && what === 'claim').length
      await eventually(() =>
        expect(written.filter(({ by, what }) => by === 'theirs' && what === 'claim').length).toBeGreaterThan(
          renewals + 12,
        ),
      )
      expect(reading.received).toEqual([])
      expect(written.filter(({ by }) => by === 'ours')).toEqual([])
      await processor.close()
      await sendToAll(numbers(5, 5))
      await reading.count(15)
      expect(new Set(reading.values())).toEqual(new Set(numbers(5, 5)))
    } finally {
      await processor.close()
    }
  })

  it('stops a handler’s commits when the processor takes its partition meanwhile', async () => {
    const { bench, theirs, written, owners } = await openShared(2)
    await using _ = bench
    for (const partition of [0, 1]) await bench.send(numbers(3), partition)
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, {
      partitionsConsumedConcurrently: 2,
      handle: ({ message }) => (message.offset === '1' ? held : undefined),
    })
    await reading.count(4)
    const processor = startProcessor(bench, theirs)
    try {
      await eventually(async () => expect(await owners()).toEqual(['ours', 'theirs']))
      await eventually(() => expect(processor.read.length).toBeGreaterThanOrEqual(2))
      finish()
      await reading.count(5)
      const [taken] = [...new Set(processor.read.map((key) => key.split('/')[0] ?? ''))]
      await eventually(() => expect(processor.read).toContain(`${taken}/2`))
      expectNothingWrittenOver(written, taken ?? '')
      expectNeverBackwards(written, taken ?? '')
      expect(keys(reading.received)).not.toContain(`${taken}/2`)
    } finally {
      await processor.close()
    }
  })
})

/** Once the processor has claimed a partition, this library writes nothing there until it lets go. */
function expectNothingWrittenOver(written: readonly Written[], partition: string) {
  let theirs = false
  for (const { by, what, partition: where } of written) {
    if (where !== partition) continue
    if (by === 'theirs') theirs = what !== 'release'
    else expect({ partition, what, theirs }).toEqual({ partition, what, theirs: false })
  }
}

function expectNeverBackwards(written: readonly Written[], partition: string) {
  const committed = written.filter(({ what, partition: where }) => what === 'checkpoint' && where === partition)
  committed.forEach((one, i) => {
    const before = committed[i - 1]
    const history = written.filter(({ partition: where }) => where === partition)
    const around = history.slice(Math.max(0, history.indexOf(one) - 6), history.indexOf(one) + 3)
    if (before && (before.sequenceNumber ?? -1) > (one.sequenceNumber ?? -1)) {
      throw new Error(`A committed offset moved backwards: ${around.map((w) => JSON.stringify(w)).join('\n')}`)
    }
  })
}

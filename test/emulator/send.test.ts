import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { partitionOfKey } from '../../src/emulator/model/partition-key.js'
import { eventually } from '../support/eventually.js'
import { openBench } from './sdk.js'

const countsOf = (bench: { emulator: { eventHubs: { get(name: string): unknown } } }) =>
  (bench.emulator.eventHubs.get('hub') as { partitions: { count: number }[] }).partitions.map((p) => p.count)

describe('where an event goes', () => {
  test('to the partition that is named', async () => {
    await using bench = await openBench()
    await bench.send('2', 'a', 'b', 'c')
    expect(countsOf(bench)).toEqual([0, 0, 3, 0])
  })

  test('by its partition key, which readers see', async () => {
    await using bench = await openBench()
    const client = bench.producer()
    for (const key of ['alphabet', 'é', '7', '131']) await client.sendBatch([{ body: key }], { partitionKey: key })
    for (const partition of bench.emulator.eventHubs.get('hub')?.partitions ?? []) {
      for (const event of partition.events()) {
        expect(partition.id).toBe(String(partitionOfKey(event.partitionKey ?? '', 4)))
      }
    }
    expect(bench.emulator.stats.eventsStored).toBe(4)
  })

  test('in turn when nothing is said; a batch stays together', async () => {
    await using bench = await openBench()
    const client = bench.producer()
    for (let i = 0; i < 8; i++) await client.sendBatch([{ body: 'a' }, { body: 'b' }])
    expect(countsOf(bench)).toEqual([4, 4, 4, 4])
  })

  test.each(['XYZ', '4', '-1'])('not to the partition %j', async (partitionId) => {
    await using bench = await openBench()
    await expect(bench.producer().sendBatch([{ body: 'a' }], { partitionId })).rejects.toMatchObject({
      code: 'ArgumentOutOfRangeError',
    })
  })
})

describe('batches', () => {
  test('are stored with contiguous sequence numbers, whoever sends at the same time', async () => {
    await using bench = await openBench({ partitions: 1 })
    const senders = Array.from({ length: 4 }, () => bench.producer())
    await Promise.all(
      senders.flatMap((sender, s) =>
        Array.from({ length: 10 }, (_, b) =>
          sender.sendBatch(
            [0, 1, 2].map((i) => ({ body: `${s}-${b}-${i}` })),
            { partitionId: '0' },
          ),
        ),
      ),
    )
    const events = bench.emulator.eventHubs.get('hub')?.events() ?? []
    expect(events.map((event) => event.sequenceNumber)).toEqual(Array.from({ length: 120 }, (_, i) => i))
    const texts = events.map((event) => JSON.parse(event.body.toString()) as string)
    for (let i = 0; i < 120; i += 3) {
      const batch = (texts[i] as string).slice(0, -2)
      expect(texts.slice(i, i + 3)).toEqual([`${batch}-0`, `${batch}-1`, `${batch}-2`])
    }
  })

  test('may be as large as the link says', async () => {
    await using bench = await openBench()
    const client = bench.producer()
    const batch = await client.createBatch({ partitionId: '0' })
    expect(batch.maxSizeInBytes).toBe(1_048_576)
    const body = Buffer.alloc(100_000, 7)
    while (batch.tryAdd({ body }));
    await client.sendBatch(batch)
    expect(bench.emulator.stats.eventsStored).toBe(batch.count)
    expect(batch.count).toBe(10)
    const stored = bench.emulator.eventHubs.get('hub')?.partitions[0]?.events()[9]?.body ?? Buffer.alloc(0)
    expect(createHash('md5').update(stored).digest('hex')).toBe(createHash('md5').update(body).digest('hex'))
  })

  test('too large are rejected, and the link stays', async () => {
    await using bench = await openBench()
    const client = bench.producer()
    const attached = () => bench.emulator.stats.linksAttached
    await client.sendBatch([{ body: 'first' }], { partitionId: '0' })
    await expect(client.sendBatch([{ body: Buffer.alloc(1_300_000) }], { partitionId: '0' })).rejects.toMatchObject({
      code: 'MessageTooLargeError',
      message: expect.stringMatching(/The received message \(delivery-id:\d+, size:13\d{5} bytes\) exceeds the limit/),
    })
    await client.sendBatch([{ body: 'second' }], { partitionId: '0' })
    expect(attached()).toBe(1)
    expect(countsOf(bench)).toEqual([2, 0, 0, 0])
  })

  test('of another limit', async () => {
    await using bench = await openBench({ maxMessageSizeInBytes: 262_144 })
    expect((await bench.producer().createBatch()).maxSizeInBytes).toBe(262_144)
  })

  test.each([
    [1000, 1000],
    [0, 262_144],
    [9_000_000, 262_144],
  ])('of a client that says %i itself', async (asked, granted) => {
    await using bench = await openBench({ maxMessageSizeInBytes: 262_144 })
    const { default: rhea } = await import('./rhea.js')
    const { port } = bench.emulator
    const [username, password] = ['RootManageSharedAccessKey', 'SAS_KEY_VALUE']
    const connection = rhea.create_container().connect({ host: '127.0.0.1', port, username, password })
    const target = { address: 'hub/Partitions/0' }
    const sender = connection.open_sender({ target, max_message_size: asked })
    await new Promise((resolve) => sender.once('sender_open', resolve))
    expect(sender.max_message_size).toBe(granted)
    connection.close()
  })
})

test('the buffered producer gets everything through', async () => {
  await using bench = await openBench()
  const { EventHubBufferedProducerClient } = await import('@azure/event-hubs')
  const errors: unknown[] = []
  let sent = 0
  const client = new EventHubBufferedProducerClient(bench.emulator.connectionString, 'hub', {
    maxWaitTimeInMs: 50,
    onSendEventsSuccessHandler: async ({ events }) => {
      sent += events.length
    },
    onSendEventsErrorHandler: async (context) => {
      errors.push(context.error)
    },
  })
  for (let i = 0; i < 50; i++) await client.enqueueEvent({ body: i }, { partitionKey: `key-${i % 5}` })
  await eventually(() => sent === 50)
  await client.close()
  expect(errors).toEqual([])
  expect(bench.emulator.stats.eventsStored).toBe(50)
})

test('a cancelled send is cancelled', async () => {
  await using bench = await openBench()
  const release = bench.emulator.faults.freeze({ hub: 'hub', partition: 0 })
  const abort = new AbortController()
  const sending = bench.producer().sendBatch([{ body: 'a' }], { partitionId: '0', abortSignal: abort.signal })
  await eventually(() => bench.emulator.stats.transfersReceived === 1)
  abort.abort()
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' })
  release()
})

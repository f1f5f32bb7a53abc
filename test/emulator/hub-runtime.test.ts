import { expect, test } from 'vitest'
import { openBench } from './sdk.js'

test('an event hub tells its partitions', async () => {
  await using bench = await openBench({ partitions: 3 })
  const properties = await bench.producer().getEventHubProperties()
  expect(properties).toMatchObject({ name: 'hub', partitionIds: ['0', '1', '2'], isGeoDrEnabled: false })
  expect(properties.createdOn).toEqual(bench.emulator.eventHubs.get('hub')?.createdAt)
  expect(await bench.consumer().getPartitionIds()).toEqual(['0', '1', '2'])
})

test('a partition tells where it begins and ends', async () => {
  await using bench = await openBench()
  const client = bench.producer()
  expect(await client.getPartitionProperties('1')).toMatchObject({
    eventHubName: 'hub',
    partitionId: '1',
    beginningSequenceNumber: 0,
    lastEnqueuedSequenceNumber: -1,
    lastEnqueuedOffset: '-1',
    isEmpty: true,
  })
  const before = Date.now()
  await bench.send('1', 'a', 'b')
  const after = await client.getPartitionProperties('1')
  expect(after).toMatchObject({ beginningSequenceNumber: 0, lastEnqueuedSequenceNumber: 1, isEmpty: false })
  expect(after.lastEnqueuedOnUtc.getTime()).toBeGreaterThanOrEqual(before)
  expect(Number(after.lastEnqueuedOffset)).toBeGreaterThan(0)
})

test.each(['XYZ', '-1', '1000', '-', '04'])('the partition %j is refused', async (id) => {
  await using bench = await openBench()
  await expect(bench.producer().getPartitionProperties(id)).rejects.toMatchObject({
    code: 'ArgumentOutOfRangeError',
    message: expect.stringContaining(
      'The specified partition is invalid for an EventHub partition sender or receiver.',
    ),
  })
})

test('an unknown event hub is refused where none springs into being', async () => {
  await using bench = await openBench()
  const client = bench.consumer({ hub: 'bad' })
  await expect(client.getEventHubProperties()).rejects.toMatchObject({ code: 'MessagingEntityNotFoundError' })
})

test('an unknown event hub springs into being when a link attaches, by default; a question creates none', async () => {
  await using bench = await openBench({ autoCreateEventHubs: { partitionCount: 7 } })
  const client = bench.producer(bench.emulator.connectionString, 10_000, 'fresh')
  const unknown = { code: 'MessagingEntityNotFoundError' }
  await expect(client.getEventHubProperties()).rejects.toMatchObject(unknown)
  await expect(client.getPartitionProperties('0')).rejects.toMatchObject(unknown)
  expect(bench.emulator.eventHubs.get('fresh')).toBeUndefined()
  await client.sendBatch([{ body: 'a' }], { partitionId: '6' })
  expect((await client.getEventHubProperties()).partitionIds).toHaveLength(7)
  expect(bench.emulator.eventHubs.get('FRESH')?.name).toBe('fresh')
})

test('several event hubs keep to themselves', async () => {
  await using bench = await openBench()
  bench.emulator.eventHubs.create({ name: 'other', partitionCount: 1 })
  await bench.send('0', 'a')
  const other = await bench.consumer({ hub: 'other' }).getPartitionProperties('0')
  expect(other.isEmpty).toBe(true)
})

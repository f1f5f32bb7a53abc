import { EventHubProducerClient } from '@azure/event-hubs'
import { expect, it } from 'vitest'
import { sizeOfEvents } from '../../../../src/consumer/partition/event-size.js'
import { startEmulator } from '../../../../src/emulator/index.js'
import type { RawMessage, ReceivedEvent } from '../../../../src/translate/event.js'
import { createDeferred } from '../../../../src/util/deferred.js'
import { openTransport } from '../../eventhubs/open-transport.js'

it('counts bodies, headers and keys of events as they come over the wire, whatever sections they are in', async () => {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'h', partitionCount: 1 }] })
  await using transport = await openTransport(emulator)
  const bytes = Buffer.alloc(1000)
  const bodies: RawMessage[] = [
    { bodyType: 'data', body: bytes },
    { bodyType: 'value', body: 'x'.repeat(1000) },
    { bodyType: 'sequence', body: [[bytes, bytes]] },
    { bodyType: 'data', body: Buffer.alloc(0), applicationProperties: { header: bytes } },
    { bodyType: 'data', body: Buffer.alloc(0), messageAnnotations: { 'x-opt-kafka-key': bytes } },
  ]
  const producer = new EventHubProducerClient(emulator.connectionString, 'h')
  await producer.sendBatch(bodies)
  await producer.close()
  const all = createDeferred<ReceivedEvent[]>()
  const received: ReceivedEvent[] = []
  const reader = transport.openReader({
    eventHubName: 'h',
    partitionId: '0',
    consumerGroup: '$Default',
    afterSequenceNumber: -1,
    maxBatchSize: 10,
    prefetchCount: 10,
    async onEvents(events) {
      received.push(...events)
      if (received.length >= bodies.length) all.resolve(received)
    },
    onEnd: all.reject,
  })
  const sizes = (await all.promise).map((event) => sizeOfEvents([event]))
  await reader.close()
  const expected = [1000, 1000, 2000, 1000, 1000]
  sizes.forEach((size, i) => {
    // The service's own annotations, a few dozen bytes, count too.
    expect(size).toBeGreaterThanOrEqual(expected[i] ?? 0)
    expect(size).toBeLessThan((expected[i] ?? 0) + 100)
  })
  expect(sizeOfEvents(received)).toBe(sizes.reduce((sum, size) => sum + size, 0))
})

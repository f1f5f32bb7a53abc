import { EventHubProducerClient } from '@azure/event-hubs'
import { type LogEntry, logLevel } from 'kafkajs-eventhubs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

let target: Awaited<ReturnType<typeof openEmulator>>
beforeAll(async () => {
  target = await openEmulator()
})
afterAll(() => target[Symbol.asyncDispose]())

/** Sends a body that says it is compressed, and is not, between two others. */
async function sendPoison(topic: string) {
  const client = new EventHubProducerClient(target.emulator.connectionString, topic)
  const poison = {
    body: Buffer.from('no gzip'),
    bodyType: 'data' as const,
    messageAnnotations: { 'x-opt-kafka-compression': 'gzip' },
  }
  for (const event of [{ body: Buffer.from('before') }, poison, { body: Buffer.from('behind') }]) {
    await client.sendBatch([event], { partitionId: '0' })
  }
  await client.close()
}

it('delivers an event that cannot be decoded as it is, with a header that says so', async () => {
  await using bench = await openBench(target)
  await sendPoison(bench.topic)
  const consumer = bench.consumer()
  const headers: unknown[] = []
  const reading = await bench.read(consumer, { handle: ({ message }) => headers.push(message.headers) })
  await reading.count(3)
  expect(reading.values(0)).toMatchObject(['before', expect.stringContaining('no gzip'), 'behind'])
  expect(headers).toMatchObject([{}, { 'kafkajs-eventhubs-undecodable': expect.any(Buffer) }, {}])
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
})

it.each(['eachMessage', 'eachBatch'] as const)('skips it where that is asked for, and says which, %s', async (kind) => {
  const log: LogEntry[] = []
  const kafka = {
    eventHubs: { ...target.config().eventHubs, undecodable: 'skip' as const },
    logLevel: logLevel.ERROR,
    logCreator: () => (entry: LogEntry) => log.push(entry),
  }
  await using bench = await openBench(target, { kafka })
  await sendPoison(bench.topic)
  const consumer = bench.consumer()
  const values: string[] = []
  await consumer.subscribe({ topic: bench.topic, fromBeginning: true })
  await consumer.run(
    kind === 'eachMessage'
      ? { eachMessage: async ({ message }) => void values.push(String(message.value)) }
      : { eachBatch: async ({ batch }) => void values.push(...batch.messages.map(({ value }) => String(value))) },
  )
  await eventually(() => expect(values).toEqual(['before', 'behind']))
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
  const skipped = log.filter(({ log: { message } }) => message.includes('cannot be decoded'))
  expect(skipped).toMatchObject([{ log: { topic: bench.topic, partition: 0, offset: '1' } }])
})

import { describe, expect, it } from 'vitest'
import { type Admin, Kafka, logLevel } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'

/** A broker creates topics for those who produce and consume, kafkajs's admin client asks it not to. */
describe('a question about a topic that is not there creates none', () => {
  const questions: [string, (admin: Admin) => Promise<unknown>][] = [
    ['fetchTopicMetadata', (admin) => admin.fetchTopicMetadata({ topics: ['nothing'] })],
    ['fetchTopicOffsets', (admin) => admin.fetchTopicOffsets('nothing')],
    ['fetchTopicOffsetsByTimestamp', (admin) => admin.fetchTopicOffsetsByTimestamp('nothing', 0)],
    ['fetchOffsets', (admin) => admin.fetchOffsets({ groupId: 'g', topics: ['nothing'] })],
    ['resetOffsets', (admin) => admin.resetOffsets({ groupId: 'g', topic: 'nothing', earliest: true })],
    [
      'setOffsets',
      (admin) => admin.setOffsets({ groupId: 'g', topic: 'nothing', partitions: [{ partition: 0, offset: '0' }] }),
    ],
  ]
  const config = { logLevel: logLevel.NOTHING, retry: { initialRetryTime: 1, retries: 1 } }

  it.each(questions)('%s', async (_, ask) => {
    await using target = await openEmulator({ autoCreateEventHubs: true })
    await using admin = disposable(new Kafka(target.config(config)).admin())
    await expect(ask(admin)).rejects.toThrow(/^This server does not host this topic-partition/)
    expect(target.emulator.eventHubs.list()).toEqual([])
  })

  it.each(['producer', 'consumer'] as const)('a %s with allowAutoTopicCreation: false', async (kind) => {
    await using target = await openEmulator({ autoCreateEventHubs: true })
    const kafka = new Kafka(target.config(config))
    if (kind === 'producer') {
      await using producer = disposable(kafka.producer({ allowAutoTopicCreation: false }))
      await producer.connect()
      await expect(producer.send({ topic: 'nothing', messages: [{ value: 'x' }] })).rejects.toThrow(/does not host/)
    } else {
      await using consumer = disposable(kafka.consumer({ groupId: 'g', allowAutoTopicCreation: false }))
      await expect(consumer.subscribe({ topic: 'nothing' })).rejects.toThrow(/does not host/)
    }
    expect(target.emulator.eventHubs.list()).toEqual([])
  })
})

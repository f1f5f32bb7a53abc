import { describe, expect, it } from 'vitest'
import { Kafka } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const retry = { initialRetryTime: 20, maxRetryTime: 200, retries: 50 }

describe('an idempotent producer', () => {
  it('takes no other acks than -1, and needs retries', async () => {
    await using target = await openEmulator()
    const kafka = new Kafka(target.config())
    await using producer = disposable(kafka.producer({ idempotent: true }))
    await expect(producer.send({ topic: 't', acks: 1, messages: [{ value: 'x' }] })).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    })
    expect(() => kafka.producer({ idempotent: true, retry: { retries: 0 } })).toThrow(
      'Idempotent producer must allow retries to protect against transient errors',
    )
  })

  it('stores 10,000 messages once and in order while acknowledgements are lost at random', async () => {
    // Small transfers, so that there are many to lose; many partitions, as each loss costs the SDK's time-out.
    await using target = await openEmulator({ maxMessageSizeInBytes: 20_000 })
    const partitions = 10
    const topic = await target.createTopic({ partitions })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0, retry })).producer({ idempotent: true }))
    await producer.connect()
    const fault = target.emulator.faults.loseDispositions({ hub: topic, probability: 0.1, seed: 7 })

    const count = 10_000
    await Promise.all(
      numbers(count).map((n) => producer.send({ topic, messages: [{ value: String(n), partition: n % partitions }] })),
    )

    expect(fault.hits).toBeGreaterThan(5)
    for (const partition of target.emulator.eventHubs.get(topic)?.partitions ?? []) {
      const expected = numbers(count / partitions).map((n) => n * partitions + Number(partition.id))
      expect(partition.events().map(({ body }) => Number(body))).toEqual(expected)
    }
  }, 120_000)

  it('stores once what was refused, detached or cut off', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0, retry })).producer({ idempotent: true }))
    await producer.connect()
    const { faults } = target.emulator
    const faultsInTurn = [
      () => faults.throttle({ times: 2 }),
      () => faults.loseDispositions({ times: 1, effect: 'link' }),
      () => faults.dropConnections(),
      () => faults.detachLinks({ direction: 'send', condition: 'amqp:link:detach-forced' }),
      () => faults.loseDispositions({ times: 1, effect: 'connection' }),
    ]
    let n = 0
    for (const strike of faultsInTurn) {
      const send = () => producer.send({ topic, messages: [{ value: String(n++) }, { value: String(n++) }] })
      const before = send()
      await strike()
      await Promise.all([before, send(), send()])
    }
    expect(
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ body }) => Number(body)),
    ).toEqual(numbers(n))
  }, 60_000)

  it.each(['connection', 'link'])('goes on when the %s is lost before what was refused is sent again', async (loss) => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const slowly = { initialRetryTime: 300, multiplier: 1 }
    const config = target.config({ logLevel: 0, retry: slowly, requestTimeout: 5000 })
    await using producer = disposable(new Kafka(config).producer({ idempotent: true }))
    await producer.connect()
    await producer.send({ topic, messages: [{ value: '0' }] })
    const { faults } = target.emulator
    const throttling = faults.throttle({ times: 1 })
    const sending = producer.send({ topic, messages: [{ value: '1' }] })
    await eventually(() => expect(throttling.hits).toBe(1))
    if (loss === 'connection') await faults.dropConnections()
    else await faults.detachLinks({ direction: 'send', condition: 'amqp:link:detach-forced' })
    await sending
    const events = target.emulator.eventHubs.get(topic)?.events() ?? []
    expect(events.map(({ body }) => String(body))).toEqual(['0', '1'])
  })

  it('rejects a message too large, and goes on', async () => {
    await using target = await openEmulator({ maxMessageSizeInBytes: 20_000 })
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0, retry })).producer({ idempotent: true }))
    await producer.connect()
    const sizes = [100, 19_950, 30_000, 19_000]
    const outcomes = await Promise.allSettled(
      sizes.map((size) => producer.send({ topic, messages: [{ value: Buffer.alloc(size) }] })),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { type: 'MESSAGE_TOO_LARGE' } })
    expect(
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ body }) => body.length),
    ).toEqual([100, 19_000])
  })
})

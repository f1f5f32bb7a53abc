import { EventHubBufferedProducerClient, type EventHubBufferedProducerClientOptions } from '@azure/event-hubs'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import rhea, { type Context, connectRhea } from './rhea.js'
import { type Bench, openBench } from './sdk.js'

/**
 * Idempotent publishing by the published SDK, situation by situation. The SDK lets no one choose its producer id, epoch and
 * number: where a situation takes that, a publisher on rhea stands beside it.
 */

interface Publishing extends AsyncDisposable {
  readonly sent: unknown[]
  readonly errors: (Error & { code?: string })[]
  /** Publishes to partition 0 and waits for what comes of it. */
  publish(...bodies: unknown[]): Promise<void>
  readonly client: EventHubBufferedProducerClient
}

function openPublisher(bench: Bench, options: { idempotent?: boolean; retries?: number } = {}): Publishing {
  const { idempotent = true, retries = 5 } = options
  const sent: unknown[] = []
  const errors: Error[] = []
  let settled = 0
  const settings: EventHubBufferedProducerClientOptions = {
    maxWaitTimeInMs: 20,
    enableIdempotentRetries: idempotent,
    retryOptions: { maxRetries: retries, retryDelayInMs: 20, timeoutInMs: 1000 },
    async onSendEventsSuccessHandler({ events }) {
      sent.push(...events.map((event) => event.body))
      settled += events.length
    },
    async onSendEventsErrorHandler({ error, events }) {
      errors.push(error)
      settled += events.length
    },
  }
  const client = new EventHubBufferedProducerClient(bench.emulator.connectionString, bench.hub, settings)
  return {
    sent,
    errors,
    client,
    async publish(...bodies) {
      const expected = settled + bodies.length
      for (const body of bodies) await client.enqueueEvent({ body }, { partitionId: '0' })
      await eventually(() => settled >= expected)
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

interface Stored {
  readonly body: unknown
  readonly id: unknown
  readonly epoch: unknown
  readonly number: unknown
}

/** The events of a partition, and what they say of their producer. */
function storedIn(bench: Bench, partition = 0): Stored[] {
  const events = bench.emulator.eventHubs.get(bench.hub)?.partitions[partition]?.events() ?? []
  return events.map(({ body, messageAnnotations }) => ({
    body: JSON.parse(body.toString()),
    id: messageAnnotations['com.microsoft:producer-id'],
    epoch: messageAnnotations['com.microsoft:producer-epoch'],
    number: messageAnnotations['com.microsoft:producer-sequence-number'],
  }))
}

const numbersOf = (stored: Stored[]) => stored.map(({ number }) => number)
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

interface State {
  id?: number
  epoch?: number
  number?: number
}

const { wrap_long, wrap_int, wrap_short } = rhea.types
const wrapped = <T>(value: T | undefined, wrap: (value: T) => object) => (value === undefined ? null : wrap(value))
const producerMap = ({ id, epoch, number }: State) => ({
  'com.microsoft:producer-id': wrapped(id, wrap_long),
  'com.microsoft:producer-epoch': wrapped(epoch, wrap_short),
  'com.microsoft:producer-sequence-number': wrapped(number, wrap_int),
})

/** A publisher to partition 0 that says itself who it is. Rejects with the error its link was refused with. */
async function openAs(bench: Bench, wanted: State) {
  const connection = connectRhea(bench.emulator.port)
  const sender = connection.open_sender({
    target: { address: `${bench.hub}/Partitions/0` },
    properties: producerMap(wanted),
    desired_capabilities: ['com.microsoft:idempotent-producer'],
  })
  const refused = new Promise<never>((_, reject) =>
    sender.once('sender_error', () => {
      connection.close()
      reject(sender.error)
    }),
  )
  await Promise.race([new Promise((resolve) => sender.once('sendable', resolve)), refused])
  refused.catch(() => undefined)
  const told = (name: string) => sender.properties?.[`com.microsoft:producer-${name}`] ?? undefined
  const state = { id: Number(told('id')), epoch: Number(told('epoch')), number: Number(told('sequence-number')) }
  return {
    state,
    /** Sends one event; the error it was rejected with, or undefined. */
    send: (body: unknown, number: number) =>
      new Promise<unknown>((resolve) => {
        sender.once('accepted', () => resolve(undefined))
        sender.once('rejected', ({ delivery }: Context) => resolve(delivery.remote_state.error))
        sender.send({
          body: rhea.message.data_section(Buffer.from(JSON.stringify(body))),
          message_annotations: producerMap({ ...state, number }),
        })
      }),
    [Symbol.dispose]: () => connection.close(),
  }
}

describe('a client', () => {
  test('that does not ask for it marks nothing', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench, { idempotent: false })
    await publisher.publish('a')
    expect(storedIn(bench)).toEqual([{ body: 'a', id: undefined, epoch: undefined, number: undefined }])
  })

  test('that asks for it is told an id, and numbers from 1 what it publishes', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    for (const body of ['a', 'b', 'c']) await publisher.publish(body)
    const stored = storedIn(bench)
    expect(numbersOf(stored)).toEqual([1, 2, 3])
    expect(new Set(stored.map(({ id }) => id)).size).toBe(1)
    expect(new Set(stored.map(({ epoch }) => epoch))).toEqual(new Set([0]))
  })

  test('has a number for each event of a batch', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    await publisher.publish('a', 'b', 'c')
    await publisher.publish('d', 'e')
    expect(numbersOf(storedIn(bench))).toEqual([1, 2, 3, 4, 5])
  })

  test('numbers each partition by itself, the one its key or its turn chooses included', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    for (let i = 0; i < 8; i++) await publisher.client.enqueueEvent({ body: i })
    for (let i = 0; i < 8; i++) await publisher.client.enqueueEvent({ body: i }, { partitionKey: 'key' })
    await eventually(() => expect(publisher.sent).toHaveLength(16))
    for (const partition of [0, 1, 2, 3]) {
      const stored = storedIn(bench, partition)
      expect(numbersOf(stored)).toEqual(upTo(stored.length))
      expect(stored.length).toBeGreaterThan(0)
    }
    // A key can't go along: the client has resolved it.
    const keys =
      bench.emulator.eventHubs
        .get(bench.hub)
        ?.events()
        .map(({ partitionKey }) => partitionKey) ?? []
    expect(new Set(keys)).toEqual(new Set([undefined]))
  })

  test('is stored in order, whatever it sends at the same time', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    const bodies = upTo(100)
    await Promise.all(bodies.map((body) => publisher.client.enqueueEvent({ body }, { partitionId: '0' })))
    await eventually(() => expect(publisher.sent).toHaveLength(100))
    expect(storedIn(bench).map(({ number, body }) => [number, body])).toEqual(bodies.map((body) => [body, body]))
  })

  test('publishes to one partition while another one stands still', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    const thaw = bench.emulator.faults.freeze({ hub: bench.hub, partition: 1 })
    await publisher.client.enqueueEvent({ body: 'held up' }, { partitionId: '1' })
    await publisher.publish('a')
    expect([numbersOf(storedIn(bench, 0)), storedIn(bench, 1)]).toEqual([[1], []])
    thaw()
    await eventually(() => expect(publisher.sent).toHaveLength(2))
    expect(numbersOf(storedIn(bench, 1))).toEqual([1])
  })

  test('keeps id, epoch and numbers when its connection breaks', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    await publisher.publish('a')
    const thaw = bench.emulator.faults.freeze({ hub: bench.hub, partition: 0 })
    const { transfersReceived } = bench.emulator.stats
    const publishing = publisher.publish('b')
    await eventually(() => bench.emulator.stats.transfersReceived > transfersReceived)
    await bench.emulator.faults.dropConnections()
    thaw()
    await publishing
    await publisher.publish('c')
    expect(publisher.errors).toEqual([])
    const [{ id, epoch } = {}] = storedIn(bench)
    expect(storedIn(bench)).toEqual(['a', 'b', 'c'].map((body, i) => ({ body, id, epoch, number: i + 1 })))
  })

  test('leaves each event once in the log when acknowledgements are lost', async () => {
    await using bench = await openBench()
    const loss = bench.emulator.faults.loseDispositions({ probability: 0.4, seed: 7, times: 3 })
    await using publisher = openPublisher(bench)
    for (const body of upTo(12)) await publisher.publish(body)
    expect(publisher.errors).toEqual([])
    expect(loss.hits).toBe(3)
    expect(storedIn(bench).map(({ body }) => body)).toEqual(upTo(12))
  })

  test('uses up no number for what was refused', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench, { retries: 0 })
    await publisher.publish('a')
    bench.emulator.faults.throttle({ hub: bench.hub, times: 1 })
    await publisher.publish('refused')
    expect(publisher.errors).toMatchObject([{ code: 'ServerBusyError' }])
    await publisher.publish('b')
    expect(storedIn(bench).map(({ number, body }) => [number, body])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ])
  })

  test('may publish equal events: what counts is the number', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    for (let i = 0; i < 2; i++) await publisher.publish('same')
    expect(storedIn(bench).map(({ number, body }) => [number, body])).toEqual([
      [1, 'same'],
      [2, 'same'],
    ])
  })
})

describe('who says what it is', () => {
  /** The state that the SDK's client has come to. */
  const stateOf = (bench: Bench) => storedIn(bench).at(-1) as { id: number; epoch: number; number: number }

  test('goes on where another one was', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    await publisher.publish('a')
    const { id, epoch, number } = stateOf(bench)
    using successor = await openAs(bench, { id, epoch: epoch + 1, number })
    expect(successor.state).toEqual({ id, epoch: epoch + 1, number })
    expect(await successor.send('b', number + 1)).toBeUndefined()
    expect(stateOf(bench)).toEqual({ body: 'b', id, epoch: epoch + 1, number: number + 1 })
  })

  test('may leave the rest to the service', async () => {
    await using bench = await openBench()
    using first = await openAs(bench, { epoch: 1 })
    expect(first.state).toEqual({ id: expect.any(Number), epoch: 1, number: 0 })
    using second = await openAs(bench, { epoch: 1 })
    expect(second.state.id).not.toBe(first.state.id)
  })

  test('shuts out the client of a lower epoch', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    await publisher.publish('a')
    const { id, epoch, number } = stateOf(bench)
    using successor = await openAs(bench, { id, epoch: epoch + 1, number })
    expect(await successor.send('b', number + 1)).toBeUndefined()
    await publisher.publish('too late')
    expect(publisher.errors).toMatchObject([{ name: 'MessagingError', code: 'ProducerDisconnectedError' }])
    expect(storedIn(bench).map(({ body }) => body)).toEqual(['a', 'b'])
  })

  test.each([[{ epoch: -1 }], [{ id: -1 }], [{ number: -1 }]])('is refused as %j', async (wanted) => {
    await using bench = await openBench()
    await expect(openAs(bench, wanted)).rejects.toMatchObject({ condition: 'com.microsoft:argument-out-of-range' })
  })

  test('is refused what begins within what is stored', async () => {
    await using bench = await openBench()
    await using publisher = openPublisher(bench)
    await publisher.publish(1, 2, 3, 4, 5)
    const { id, number } = stateOf(bench)
    expect(number).toBe(5)
    using successor = await openAs(bench, { id, number: 1 })
    expect(await successor.send('six as two', 2)).toMatchObject({ condition: 'com.microsoft:out-of-order-sequence' })
    expect(numbersOf(storedIn(bench))).toEqual(upTo(5))
  })

  test('is refused what leaves a gap', async () => {
    await using bench = await openBench()
    using publisher = await openAs(bench, {})
    expect(await publisher.send('a', 1)).toBeUndefined()
    expect(await publisher.send('c', 3)).toMatchObject({ condition: 'com.microsoft:out-of-order-sequence' })
    expect(await publisher.send('b', 2)).toBeUndefined()
    expect(storedIn(bench).map(({ body }) => body)).toEqual(['a', 'b'])
  })
})

import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedAccessOf } from '../../../../src/auth/shared-access.js'
import { type Emulator, startEmulator } from '../../../../src/emulator/index.js'
import { amqpTypes } from '../../../../src/eventhubs/connection/amqp-types.js'
import { AuthorizedConnection } from '../../../../src/eventhubs/connection/authorized-connection.js'
import { idempotentCapability } from '../../../../src/eventhubs/sending/idempotent-sender.js'
import type { EventSender } from '../../../../src/eventhubs/sending/sender.js'
import { SendingLink } from '../../../../src/eventhubs/sending/sending-link.js'
import type { Transfer } from '../../../../src/eventhubs/sending/transfer.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { eventually } from '../../../support/eventually.js'
import { openTransport, type TestTransport, transferOf } from '../open-transport.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ autoCreateEventHubs: false })
})
afterAll(() => emulator.close())

let hubs = 0
const newHub = () => emulator.eventHubs.create({ name: `once-${++hubs}`, partitionCount: 1 }).name

const idempotent = (transport: TestTransport, hub: string) => transport.openSender(hub, '0', { idempotent: true })
const sendOnce = async (sender: EventSender, ...texts: string[]) => sender.send(await transferOf(sender, ...texts))
const stored = (hub: string) => (emulator.eventHubs.get(hub)?.events() ?? []).map(({ body }) => String(body))

/** Opens a link for the producer of the first event there, under a higher epoch: what it had is over. */
async function takeOver(hub: string): Promise<void> {
  const annotations = emulator.eventHubs.get(hub)?.events()[0]?.messageAnnotations ?? {}
  const id = annotations['com.microsoft:producer-id']
  const epoch = annotations['com.microsoft:producer-epoch']
  const connection = new AuthorizedConnection({
    fullyQualifiedNamespace: 'localhost',
    openStream: (onReady) => net.connect(emulator.port, '127.0.0.1', onReady),
    connectTimeout: 1000,
    requestTimeout: 1000,
    logger: createLogger({ level: 0, logCreator: () => () => undefined }),
    withCredential: (_, put) => put(sharedAccessOf(emulator.connectionString).credential),
  })
  await SendingLink.open(connection, {
    eventHubName: hub,
    partitionId: '0',
    identifier: 'thief',
    requestTimeout: 1000,
    capabilities: [idempotentCapability],
    properties: {
      'com.microsoft:producer-id': amqpTypes.long(id as number),
      'com.microsoft:producer-epoch': amqpTypes.short((epoch as number) + 1),
      'com.microsoft:producer-sequence-number': null,
    },
  })
  await connection.close()
}

/** Sends the same transfer until it is stored, as the producer does. */
async function persist(sender: EventSender, ...texts: string[]): Promise<number> {
  let transfer: Transfer | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      transfer ??= await transferOf(sender, ...texts)
      await sender.send(transfer)
      return attempt
    } catch (error) {
      if (attempt > 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

describe('idempotent publishing', () => {
  it('stores in order, each transfer in one piece', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    const before = emulator.stats.transfersReceived
    for (let index = 0; index < 20; index++) await sendOnce(sender, `a${index}`, `b${index}`)
    expect(emulator.stats.transfersReceived - before).toBe(20)
    expect(stored(hub)).toEqual(Array.from({ length: 20 }, (_, index) => [`a${index}`, `b${index}`]).flat())
  })

  for (const effect of ['connection', 'link', 'nothing'] as const) {
    it(`leaves one copy when acknowledgements are lost (${effect})`, async () => {
      await using transport = await openTransport(emulator, { requestTimeout: effect === 'nothing' ? 300 : 10_000 })
      const hub = newHub()
      const sender = idempotent(transport, hub)
      const timeout = () => AbortSignal.timeout(300)
      emulator.faults.loseDispositions({ hub, probability: 0.4, times: 6, effect, seed: 7 })
      const expected: string[] = []
      let attempts = 0
      for (let round = 0; round < 20; round++) {
        const texts = Array.from({ length: 1 + (round % 3) }, (_, index) => `${round}.${index}`)
        expected.push(...texts)
        const transfer = await transferOf(sender, ...texts)
        for (let isStored = false; !isStored; attempts++) {
          isStored = await sender.send(transfer, effect === 'nothing' ? { abortSignal: timeout() } : {}).then(
            () => true,
            () => false,
          )
        }
      }
      expect(attempts).toBeGreaterThan(20)
      expect(stored(hub)).toEqual(expected)
    })
  }

  it('finds out at once, without sending again, that what was not acknowledged is stored', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    await sendOnce(sender, 'first')
    emulator.faults.loseDispositions({ hub, times: 1, effect: 'connection' })
    const transfer = await transferOf(sender, 'second', 'third')
    await expect(sender.send(transfer)).rejects.toMatchObject({ retriable: true })
    const before = emulator.stats.transfersReceived
    await sender.send(transfer)
    expect(emulator.stats.transfersReceived).toBe(before)
    expect(stored(hub)).toEqual(['first', 'second', 'third'])
  })

  it.each(['amqp:resource-limit-exceeded', 'amqp:unauthorized-access', 'com.microsoft:server-busy'])(
    'leaves one copy when the acknowledgement is lost and the link then refused with %s',
    async (condition) => {
      await using transport = await openTransport(emulator)
      const hub = newHub()
      const sender = idempotent(transport, hub)
      await sendOnce(sender, 'first')
      emulator.faults.loseDispositions({ hub, times: 1, effect: 'connection' })
      const refusal = emulator.faults.refuseAttach({ hub, condition, times: 1 })
      const transfer = await transferOf(sender, 'once')
      await expect(sender.send(transfer)).rejects.toThrow()
      await expect(sender.send(transfer)).rejects.toThrow()
      expect(refusal.hits).toBe(1)
      await sender.send(transfer)
      await sendOnce(sender, 'last')
      expect(stored(hub)).toEqual(['first', 'once', 'last'])
    },
  )

  it('leaves one copy when connections drop under load', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    const expected: string[] = []
    for (let round = 0; round < 60; round++) {
      expected.push(`${round}`)
      const sending = persist(sender, `${round}`)
      // At another moment each time: with nothing sent yet, with the outcome unknown, once stored.
      if (round % 4 === 0) {
        for (let turn = 0; turn < round / 4; turn++) await new Promise(setImmediate)
        await emulator.faults.dropConnections()
      }
      await sending
    }
    expect(stored(hub)).toEqual(expected)
  })

  it('does not take other events for those that were given up', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    await sendOnce(sender, 'first')
    emulator.faults.loseDispositions({ hub, times: 1, effect: 'link' })
    await expect(sendOnce(sender, 'given up')).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await sendOnce(sender, 'another')
    expect(stored(hub)).toEqual(['first', 'given up', 'another'])
  })

  it('does not take other events for some that are stored late', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    await sendOnce(sender, 'first')
    const thaw = emulator.faults.freeze({ hub, partition: '0' })
    const late = await transferOf(sender, 'late')
    await expect(sender.send(late, { abortSignal: AbortSignal.timeout(50) })).rejects.toThrow()
    const sending = sendOnce(sender, 'another')
    await eventually(() => emulator.stats.transfersReceived > 0)
    thaw()
    await sending
    expect(stored(hub).filter((text) => text === 'another')).toHaveLength(1)
  })

  it.each([
    ['nothing being in doubt', false],
    ['a batch being in doubt', true],
  ])('when its producer is taken over, %s', async (_what, isInDoubt) => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    await sendOnce(sender, 'first')
    const transfer = await transferOf(sender, 'second')
    if (isInDoubt) {
      emulator.faults.loseDispositions({ hub, times: 1, effect: 'connection' })
      await expect(sender.send(transfer)).rejects.toMatchObject({ retriable: true })
    }
    await takeOver(hub)
    if (!isInDoubt) {
      await sender.send(transfer)
    } else {
      await expect(sender.send(transfer)).rejects.toMatchObject({
        type: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
        retriable: false,
        message: expect.stringContaining('cannot be told'),
      })
    }
    await sendOnce(sender, 'third')
    expect(stored(hub)).toEqual(['first', 'second', 'third'])
  })

  it('goes on after an outage during which its caller gave up waiting', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = idempotent(transport, hub)
    await sendOnce(sender, 'first')
    const transfer = await transferOf(sender, 'second')
    const refusal = emulator.faults.refuseAttach({ hub, condition: 'com.microsoft:server-busy' })
    await emulator.faults.dropConnections()
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(sender.send(transfer, { abortSignal: AbortSignal.timeout(50) })).rejects.toThrow()
    }
    refusal.clear()
    for (let isStored = false; !isStored; ) {
      isStored = await sender.send(transfer).then(
        () => true,
        () => false,
      )
    }
    expect(stored(hub)).toEqual(['first', 'second'])
  })

  it('closes with a send in progress, leaving no connection', async () => {
    await using emulator = await startEmulator({})
    await using transport = await openTransport(emulator)
    const sender = idempotent(transport, 'closing')
    await sendOnce(sender, 'first')
    emulator.faults.freeze({ hub: 'closing', partition: '0' })
    const sending = sendOnce(sender, 'second')
    const rejected = expect(sending).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await eventually(() => emulator.stats.transfersReceived > 1)
    await transport.close()
    await rejected
    await eventually(() => emulator.stats.openConnections === 0)
  })
})

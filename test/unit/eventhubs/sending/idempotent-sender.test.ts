import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../../src/emulator/index.js'
import type { IdempotentSender } from '../../../../src/eventhubs/transport.js'
import type { OutgoingEvent } from '../../../../src/translate/event.js'
import { eventually } from '../../../support/eventually.js'
import { scaled } from '../../../support/pace.js'
import { contents, eventOf, openTransport } from '../open-transport.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ autoCreateEventHubs: { partitionCount: 1 } })
})
afterAll(() => emulator.close())

let hubs = 0
const newHub = () => `once-${++hubs}`

/** Sends the same events until they are stored, as the producer does. */
async function persist(sender: IdempotentSender, events: readonly OutgoingEvent[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sender.send(events)
      return attempt
    } catch (error) {
      if (attempt > 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

describe('idempotent publishing', () => {
  it('stores in order, without waiting long for batches that are not full', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    await sender.send([eventOf('warm')])
    const begun = Date.now()
    for (let index = 0; index < 20; index++) await sender.send([eventOf(`a${index}`), eventOf(`b${index}`)])
    expect(Date.now() - begun).toBeLessThan(scaled(5000))
    const expected = Array.from({ length: 20 }, (_, index) => [`a${index}`, `b${index}`]).flat()
    expect(await contents(transport, hub, '0')).toEqual(['warm', ...expected])
  })

  it('sends what it is handed in one transfer', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    const before = emulator.stats.transfersReceived
    await sender.send(Array.from({ length: 500 }, (_, index) => eventOf(`e${index}`)))
    await sender.send(Array.from({ length: 500 }, (_, index) => eventOf(`f${index}`)))
    expect(emulator.stats.transfersReceived - before).toBe(2)
  })

  for (const effect of ['connection', 'link', 'nothing'] as const) {
    it(`leaves one copy when acknowledgements are lost (${effect})`, async () => {
      await using transport = await openTransport(emulator, { requestTimeout: 1500 })
      const hub = newHub()
      const sender = transport.openIdempotentSender(hub, '0')
      emulator.faults.loseDispositions({ hub, probability: 0.4, times: 6, effect, seed: 7 })
      const expected: string[] = []
      let attempts = 0
      for (let round = 0; round < 20; round++) {
        const texts = Array.from({ length: 1 + (round % 3) }, (_, index) => `${round}.${index}`)
        expected.push(...texts)
        attempts += await persist(sender, texts.map(eventOf))
      }
      expect(attempts).toBeGreaterThan(20)
      expect(await contents(transport, hub, '0')).toEqual(expected)
    })
  }

  it('leaves one copy when connections drop under load', async () => {
    await using transport = await openTransport(emulator, { requestTimeout: 1500 })
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    const expected: string[] = []
    for (let round = 0; round < 100; round++) {
      expected.push(`${round}`)
      const sending = persist(sender, [eventOf(`${round}`)])
      // At another moment each time: with nothing sent yet, with the outcome unknown, once stored.
      if (round % 5 === 0) {
        await new Promise((resolve) => setTimeout(resolve, (round * 7) % 40))
        await emulator.faults.dropConnections()
      }
      await sending
    }
    expect(await contents(transport, hub, '0')).toEqual(expected)
  })

  it('does not take other events for those that failed', async () => {
    await using transport = await openTransport(emulator, { requestTimeout: 1000 })
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    await sender.send([eventOf('first')])
    const effect = 'nothing'
    emulator.faults.loseDispositions({ hub, times: 1, effect })
    await expect(sender.send([eventOf('given up')])).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await sender.send([eventOf('another')])
    expect(await contents(transport, hub, '0')).toEqual(['first', 'given up', 'another'])
  })

  it('rejects an event that no transfer holds, and goes on', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    await expect(sender.send([eventOf('x'.repeat(1_048_577))])).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
    await sender.send([eventOf('small')])
    expect(await contents(transport, hub, '0')).toEqual(['small'])
  })

  it('goes on after an outage during which its caller gave up waiting', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = transport.openIdempotentSender(hub, '0')
    await sender.send([eventOf('first')])
    const refusal = emulator.faults.refuseAttach({ hub, condition: 'com.microsoft:server-busy' })
    await emulator.faults.dropConnections()
    const events = [eventOf('second')]
    for (let attempt = 0; attempt < 3; attempt++) {
      const abortSignal = AbortSignal.timeout(100)
      await expect(sender.send(events, { abortSignal })).rejects.toThrow()
    }
    refusal.clear()
    await persist(sender, events)
    expect(await contents(transport, hub, '0')).toEqual(['first', 'second'])
  })

  it('closes with a send in progress, leaving no connection', async () => {
    await using emulator = await startEmulator({})
    await using transport = await openTransport(emulator)
    const sender = transport.openIdempotentSender('closing', '0')
    await sender.send([eventOf('first')])
    emulator.faults.freeze({ hub: 'closing', partition: '0' })
    const sending = sender.send([eventOf('second')])
    const rejected = expect(sending).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await new Promise((resolve) => setImmediate(resolve))
    await sender.close()
    await rejected
    await eventually(() => emulator.stats.openConnections === 0)
  })
})

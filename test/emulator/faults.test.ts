import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openBench } from './sdk.js'

const countOf = (bench: { emulator: { stats: { eventsStored: number } } }) => bench.emulator.stats.eventsStored

test('dropped connections are gone when the promise resolves; clients come back', async () => {
  await using bench = await openBench()
  const { emulator } = bench
  await bench.send('0', 'a')
  const reading = bench.read()
  await eventually(() => reading.events.length === 1)
  expect(await emulator.faults.dropConnections()).toBe(2)
  expect(emulator.stats.openLinks).toBe(0)
  await bench.send('0', 'b')
  await eventually(() => reading.bodies().join() === 'a,b')
  await reading.close()
})

test('links are detached with the condition that is asked for', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a')
  const reading = bench.read()
  await eventually(() => reading.events.length === 1)
  const detached = await bench.emulator.faults.detachLinks({
    hub: 'HUB',
    partition: 0,
    direction: 'receive',
    condition: 'com.microsoft:server-busy',
    description: 'scripted',
  })
  expect(detached).toBe(1)
  await eventually(() => reading.errors.length > 0)
  expect(reading.errors[0]).toMatchObject({ code: 'ServerBusyError', message: 'scripted' })
  await bench.send('0', 'b')
  await eventually(() => reading.events.length === 2)
  await reading.close()
})

test('links are refused, as often as is asked for', async () => {
  await using bench = await openBench()
  const fault = bench.emulator.faults.refuseAttach({ hub: 'hub', condition: 'amqp:unauthorized-access', times: 2 })
  const client = bench.producer()
  const sends = () => client.sendBatch([{ body: 'a' }], { partitionId: '0' })
  await expect(sends()).rejects.toMatchObject({ code: 'UnauthorizedError' })
  await expect(sends()).rejects.toMatchObject({ code: 'UnauthorizedError' })
  await sends()
  expect(fault.hits).toBe(2)
})

describe('throttling', () => {
  test('rejects transfers, the link stays', async () => {
    await using bench = await openBench()
    const fault = bench.emulator.faults.throttle({ times: 1 })
    const client = bench.producer()
    await expect(client.sendBatch([{ body: 'a' }], { partitionId: '0' })).rejects.toMatchObject({
      code: 'ServerBusyError',
      message: expect.stringContaining('Error code : 50002'),
    })
    await client.sendBatch([{ body: 'a' }], { partitionId: '0' })
    expect([fault.hits, countOf(bench), bench.emulator.stats.linksAttached]).toEqual([1, 1, 1])
  })

  test('strikes only the partition that is named, also through the event hub as a whole', async () => {
    await using bench = await openBench()
    const fault = bench.emulator.faults.throttle({ hub: 'hub', partition: 1 })
    const client = bench.producer()
    const results = []
    for (let i = 0; i < 4; i++) {
      results.push(
        await client.sendBatch([{ body: 'a' }]).then(
          () => 'stored',
          () => 'throttled',
        ),
      )
    }
    expect(results.sort()).toEqual(['stored', 'stored', 'stored', 'throttled'])
    fault.clear()
    await bench.send('1', 'a')
  })

  test('ends after its time', async () => {
    await using bench = await openBench()
    bench.emulator.faults.throttle({ forMs: 3_600_000 })
    await expect(bench.send('0', 'a')).rejects.toThrow()
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 3_600_000)
    try {
      await bench.send('0', 'a')
    } finally {
      clock.mockRestore()
    }
  })
})

test('delayed acknowledgements: stored at once, acknowledged later', async () => {
  await using bench = await openBench()
  bench.emulator.faults.delayDispositions({ ms: 300, times: 1 })
  await bench.send('1', 'warm up')
  let done = false
  bench.emulator.faults.delayDispositions({ ms: 300, times: 1 })
  const begun = performance.now()
  const sending = bench.send('0', 'a').then(() => {
    done = true
  })
  // Turn by turn, as the emulator is in this process: however slow it is, storing is seen before the answer.
  while (countOf(bench) < 2) await nextTurn()
  expect(done).toBe(false)
  await sending
  // Timers may be a millisecond early.
  expect(performance.now() - begun).toBeGreaterThan(295)
})

describe('lost acknowledgements', () => {
  test.each([
    ['connection', 0],
    ['link', 1],
  ] as const)('the event is stored, the %s is gone', async (effect, connections) => {
    await using bench = await openBench()
    const { emulator } = bench
    const fault = emulator.faults.loseDispositions({ times: 1, effect })
    // The SDK goes on waiting for an acknowledgement that can't come.
    const client = bench.producer(undefined, 1000)
    await expect(client.sendBatch([{ body: 'a' }], { partitionId: '0' })).rejects.toThrow()
    expect([fault.hits, countOf(bench), emulator.stats.openLinks]).toEqual([1, 1, 0])
    expect(emulator.stats.openConnections).toBe(connections)
    await client.sendBatch([{ body: 'b' }], { partitionId: '0' })
    expect(countOf(bench)).toBe(2)
  })

  test('the same seed loses the same ones', async () => {
    const lost = async (seed: number) => {
      await using bench = await openBench()
      const client = bench.producer()
      const fault = bench.emulator.faults.loseDispositions({ probability: 0.5, seed, effect: 'nothing' })
      let outcomes = ''
      for (let i = 0; i < 12; i++) {
        const { hits } = fault
        const controller = new AbortController()
        const { signal: abortSignal } = controller
        let isOver = false
        const sending = client.sendBatch([{ body: i }], { partitionId: '0', abortSignal }).finally(() => {
          isOver = true
        })
        // A send that lost its acknowledgement would wait for it until it times out.
        const outcome = sending.then(
          () => 'stored ',
          () => 'lost ',
        )
        await eventually(() => isOver || fault.hits > hits)
        if (fault.hits > hits) controller.abort()
        outcomes += await outcome
      }
      expect(outcomes.split('lost')).toHaveLength(fault.hits + 1)
      return outcomes
    }
    const [first, again, other] = [await lost(3), await lost(3), await lost(4)]
    expect(first).toBe(again)
    expect(first).not.toBe(other)
  })
})

test('a frozen partition takes and gives nothing; then it goes on in order', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a')
  const reading = bench.read()
  await eventually(() => reading.events.length === 1)
  const release = bench.emulator.faults.freeze({ hub: 'hub', partition: 0 })
  const client = bench.producer()
  const sends = ['b', 'c'].map((body) => client.sendBatch([{ body }], { partitionId: '0' }))
  await eventually(() => bench.emulator.stats.transfersReceived === 3)
  expect(countOf(bench)).toBe(1)
  await bench.send('1', 'elsewhere')
  release()
  await Promise.all(sends)
  await eventually(() => reading.bodies().join() === 'a,b,c')
  await reading.close()
})

test('a stolen epoch ends the reader, and keeps it out until it is given back', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a')
  const reading = bench.read({ ownerLevel: 1 })
  await eventually(() => reading.events.length === 1)
  const release = bench.emulator.faults.stealEpoch({ hub: 'hub', partition: 0 })
  await eventually(() => reading.errors.length > 0)
  expect(reading.errors[0]).toMatchObject({ code: 'ReceiverDisconnectedError' })
  const kept = bench.read({ ownerLevel: 1 })
  await eventually(() => kept.errors.length > 0)
  release()
  const back = bench.read({ ownerLevel: 1 })
  await eventually(() => back.events.length === 1)
  await Promise.all([reading, kept, back].map((one) => one.close()))
})

test('what is asked of a partition that is not there is a mistake', async () => {
  await using bench = await openBench()
  expect(() => bench.emulator.faults.freeze({ hub: 'hub', partition: 9 })).toThrow(RangeError)
  expect(() => bench.emulator.faults.stealEpoch({ hub: 'none', partition: 0 })).toThrow(RangeError)
})

test('all faults end together', async () => {
  await using bench = await openBench()
  const { faults } = bench.emulator
  faults.throttle()
  faults.refuseAttach({ condition: 'amqp:internal-error' })
  faults.loseDispositions()
  faults.freeze({ hub: 'hub', partition: 0 })
  faults.clear()
  await bench.send('0', 'a')
  expect(countOf(bench)).toBe(1)
})

import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import rhea, { connectRhea } from './rhea.js'
import { type Bench, openBench, type Reading } from './sdk.js'

const open = (bench: Bench, ownerLevel?: number, group = '$Default'): Reading =>
  bench.read({ group, ...(ownerLevel !== undefined && { ownerLevel }) })

/** Waits until a reader has got what is in the partition: its link is attached. */
async function attached(reading: Reading): Promise<Reading> {
  await eventually(() => reading.events.length > 0)
  return reading
}

const stolen = (text: RegExp) =>
  expect.objectContaining({ code: 'ReceiverDisconnectedError', message: expect.stringMatching(text) })

const disconnected = stolen(/^New receiver '.+' with higher epoch of '\d+' is created hence current receiver/)

describe('who is there, who comes, who wins', () => {
  test.each<[first: number | undefined, second: number | undefined, winner: 'first' | 'second' | 'both']>([
    [1, 2, 'second'],
    [1, 1, 'second'],
    [2, 1, 'first'],
    [1, undefined, 'first'],
    [undefined, 1, 'second'],
    [undefined, undefined, 'both'],
  ])('epoch %s, then %s: %s', async (firstEpoch, secondEpoch, winner) => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    const first = await attached(open(bench, firstEpoch))
    const second = open(bench, secondEpoch)
    if (winner === 'first') {
      await eventually(() => second.errors.length > 0)
      const text =
        secondEpoch === undefined ? /and so non-epoch receiver is not allowed/ : /with a higher epoch '2' already/
      expect(second.errors[0]).toEqual(stolen(text))
      expect(first.errors).toEqual([])
    } else {
      await attached(second)
      if (winner === 'second') {
        await eventually(() => first.errors.length > 0)
        expect(first.errors[0]).toEqual(disconnected)
      } else expect(first.errors).toEqual([])
    }
    await Promise.all([first.close(), second.close()])
  })

  test('who is refused is told the name of the one that has the partition', async () => {
    await using bench = await openBench()
    const connection = connectRhea(bench.emulator.port)
    const open = (name: string, epoch: number) =>
      connection.open_receiver({
        source: { address: `${bench.hub}/ConsumerGroups/$Default/Partitions/0` },
        properties: { 'com.microsoft:receiver-name': name, 'com.microsoft:epoch': rhea.types.wrap_long(epoch) },
      })
    const holder = open('holder', 2)
    await new Promise((resolve) => holder.once('receiver_open', resolve))
    const refused = open('newcomer', 1)
    await new Promise((resolve) => refused.once('receiver_error', resolve))
    expect(refused.error).toMatchObject({
      condition: 'amqp:link:stolen',
      description: expect.stringMatching(
        /^Receiver 'holder' with a higher epoch '2' already exists\. Receiver 'newcomer' with epoch 1 cannot be created/,
      ),
    })
    connection.close()
  })

  test('an epoch ends all readers without one', async () => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    const without = [await attached(open(bench)), await attached(open(bench)), await attached(open(bench))]
    // 1: the SDK takes 0 for none.
    const withEpoch = await attached(open(bench, 1))
    for (const reading of without) {
      await eventually(() => reading.errors.length > 0)
      expect(reading.errors[0]).toEqual(disconnected)
    }
    await Promise.all([...without, withEpoch].map((reading) => reading.close()))
  })

  test('a reader that is gone is in nobody’s way', async () => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    await (await attached(open(bench, 5))).close()
    await eventually(() => bench.emulator.stats.openLinks === 1)
    const lower = await attached(open(bench, 1))
    expect(lower.errors).toEqual([])
    await lower.close()
  })

  test('each group and partition is on its own', async () => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    await bench.send('1', 'a')
    const readings = [
      await attached(open(bench, 9)),
      await attached(open(bench, 1, 'second')),
      await attached(bench.read({ partition: '1', ownerLevel: 1 })),
    ]
    expect(readings.flatMap((reading) => reading.errors)).toEqual([])
    await Promise.all(readings.map((reading) => reading.close()))
  })
})

test('the sixth reader without epoch is refused', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a')
  const five = []
  for (let i = 0; i < 5; i++) five.push(await attached(open(bench)))
  const sixth = open(bench)
  await eventually(() => sixth.errors.length > 0)
  expect(sixth.errors[0]).toMatchObject({
    code: 'QuotaExceededError',
    message: expect.stringMatching(
      /^Exceeded the maximum number of allowed receivers per partition in a consumer group which is 5\. List of connected receivers - /,
    ),
  })
  await Promise.all([...five, sixth].map((reading) => reading.close()))
})

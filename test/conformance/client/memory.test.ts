import { AsyncResource } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

const target = shareEmulator()

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Larger than what the pieces of a socket hold, so that each event has memory of its own. */
const value = 'x'.repeat(300_000)

describe('what was handled last, with nothing behind it', () => {
  it.each(['eachMessage', 'eachBatch'] as const)('is not kept by the consumer: %s', async (kind) => {
    await using bench = await openBench(target)
    await bench.send([value, value])
    const consumer = bench.consumer()
    const bodies: WeakRef<ArrayBufferLike>[] = []
    const note = (message: { value: Buffer | null }) => {
      if (message.value) bodies.push(new WeakRef(message.value.buffer))
    }
    await consumer.subscribe({ topic: bench.topic, fromBeginning: true })
    await consumer.run(
      kind === 'eachMessage'
        ? { eachMessage: async ({ message }) => note(message) }
        : { eachBatch: async ({ batch }) => batch.messages.forEach(note) },
    )
    await eventually(() => expect(bodies).toHaveLength(2))
    await eventually(() => {
      collectGarbage()
      expect(bodies.map((body) => body.deref()?.byteLength)).toEqual([undefined, undefined])
    })
  })
})

describe('what was sent last', () => {
  it.each([false, true])('is not kept by the producer, idempotent: %s', async (idempotent) => {
    await using bench = await openBench(target)
    const producer = bench.kafka.producer({ idempotent })
    await producer.connect()
    const refs: WeakRef<ArrayBufferLike>[] = []
    // A function of its own, so that the test itself keeps nothing.
    const sendOne = async () => {
      const value = Buffer.allocUnsafeSlow(300_000)
      refs.push(new WeakRef(value.buffer))
      await producer.send({ topic: bench.topic, messages: [{ partition: 0, value }] })
    }
    await sendOne()
    await sendOne()
    await eventually(() => {
      collectGarbage()
      expect(refs.map((ref) => ref.deref()?.byteLength)).toEqual([undefined, undefined])
    })
    await producer.disconnect()
  })
})

describe('a run that has ended', () => {
  // On Node.js 20 each AsyncLocalStorage in use is noted on every asynchronous resource, and costs every promise.
  it('leaves no mark on what is asynchronous in the process', async () => {
    const marks = () => Object.getOwnPropertySymbols(new AsyncResource('probe')).map(String)
    const before = marks()
    await using bench = await openBench(target)
    await bench.send(['a'])
    for (let i = 0; i < 2; i++) {
      const consumer = bench.consumer({ groupId: randomUUID() })
      await (await bench.read(consumer)).count(1)
      await consumer.disconnect()
    }
    expect(marks()).toEqual(before)
  })
})

import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { largestFrame } from '../../../../src/eventhubs/connection/frames.js'
import { FrameRouter } from '../../../../src/eventhubs/reading/frame-router.js'
import { ReadingConnection } from '../../../../src/eventhubs/reading/reading-connection.js'
import { largestDelivery, ReceivingLink } from '../../../../src/eventhubs/reading/receiving-link.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { logLevel } from '../../../../src/types/enums.js'
import { AmqpPeer, type PeerOptions } from '../../../support/amqp-peer.js'
import { eventually } from '../../../support/eventually.js'

/** A link to partition 0 over a connection to a scripted peer, and what it was told. */
async function open(options: PeerOptions = {}) {
  const peer = await AmqpPeer.start(options)
  const log: string[] = []
  const connection = new ReadingConnection({
    fullyQualifiedNamespace: 'localhost',
    openStream: peer.openStream,
    connectTimeout: 5000,
    requestTimeout: 5000,
    identifier: 'test',
    logger: createLogger({ level: logLevel.DEBUG, logCreator: () => (entry) => log.push(entry.log.message) }),
    withCredential: (_, put) => put({ name: 'name', key: 'key' }),
  })
  onTestFinished(async () => {
    await connection.close()
    await peer[Symbol.asyncDispose]()
  })
  const payloads: string[] = []
  const ends: Error[] = []
  const pieces: number[] = []
  const link = await connection.open(
    {
      eventHubName: 'hub',
      consumerGroup: '$Default',
      partitionId: '0',
      filter: "amqp.annotation.x-opt-offset > '-1'",
      ownerLevel: 3,
      onDelivery: (bytes, start, end) => payloads.push(bytes.toString('utf8', start, end)),
      onPieceEnd: () => pieces.push(payloads.length),
      onEnd: (error) => ends.push(error),
    },
    new AbortController().signal,
  )
  return { peer, connection, link, payloads, ends, pieces, log }
}

const text = (value: string) => Buffer.from(value)
const flowOf = (handle: number) => (fields: Record<string, unknown>) => fields['handle'] === handle

it('attaches with position, name and epoch, and asks for settled transfers', async () => {
  const { peer, link } = await open()
  const { fields } = await peer.next('attach', ({ name }) => String(name).startsWith('hub/'))
  expect(fields).toMatchObject({ role: true, snd_settle_mode: 1 })
  expect(fields['properties']).toMatchObject({ 'com.microsoft:receiver-name': 'test', 'com.microsoft:epoch': 3 })
  expect(fields['desired_capabilities']).toContain('com.microsoft:enable-receiver-runtime-metric')
  expect(link.outstanding).toBe(0)
})

it('counts credit and transfers from where the service begins', async () => {
  const { peer, link, payloads } = await open({ firstId: 0xfffffffe, deliveryCount: 0xffffffff })
  link.grant(5)
  const first = await peer.next('flow', flowOf(0))
  expect(first.fields).toMatchObject({ next_incoming_id: 0xfffffffe, delivery_count: 0xffffffff, link_credit: 5 })
  for (const id of [0xffffffff, 0, 1]) peer.write(peer.transfer({ delivery_id: id, settled: true }, text(`${id}`)))
  await eventually(() => payloads.length === 3)
  expect(payloads).toEqual(['4294967295', '0', '1'])
  expect(link.outstanding).toBe(2)
  link.grant(1)
  const second = await peer.next('flow', flowOf(0))
  expect(second.fields).toMatchObject({ next_incoming_id: 1, delivery_count: 2, link_credit: 3 })
})

it('puts deliveries together from transfers, wherever TCP cuts them, and drops those that are aborted', async () => {
  const { peer, link, payloads } = await open()
  link.grant(1000)
  const large = 'x'.repeat(150_000)
  let id = 0
  const all = () => [
    peer.transfer({ delivery_id: id++, settled: true }, text('whole')),
    peer.transfer({ delivery_id: id, more: true }, text(large.slice(0, 60_000))),
    peer.transfer({ delivery_id: id, more: true }, text(large.slice(60_000, 120_000))),
    // What has been said once may be left out.
    peer.transfer({ settled: true }, text(large.slice(120_000))),
    peer.transfer({ delivery_id: ++id, more: true }, text('part of what is given up')),
    peer.transfer({ delivery_id: id, more: true, aborted: true }, text('')),
    // Another session's, in between.
    Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]),
    peer.transfer({ delivery_id: ++id, settled: true }, text('')),
    peer.transfer({ delivery_id: ++id, settled: true }, text('last')),
  ]
  const sizes = fc.sample(fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 3, maxLength: 9 }), {
    seed: 7,
    numRuns: 6,
  })
  for (const cuts of [[1, 7, 3, 11, 2], ...sizes]) {
    payloads.length = 0
    const bytes = Buffer.concat(all())
    id++
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = at < 300 ? (cuts[i % cuts.length] as number) : Math.max(5000, cuts[i % cuts.length] as number)
      peer.write(bytes.subarray(at, at + size))
      at += size
      if (i < 40) await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually(() => payloads.at(-1) === 'last')
    expect(payloads.map((payload) => payload.length)).toEqual([5, 150_000, 0, 4])
  }
})

it('settles what comes unsettled, a piece at a time', async () => {
  const { peer, link, payloads, pieces } = await open()
  link.grant(100)
  const unsettled = [0, 1, 2, 3].map((id) => peer.transfer({ delivery_id: id }, text(`${id}`)))
  peer.write(Buffer.concat(unsettled))
  const { fields } = await peer.next('disposition', ({ role, first }) => role === true && first === 0)
  expect(fields).toMatchObject({ first: 0, last: 3, settled: true })
  expect(rheaCode(fields['state'])).toBe(0x24)
  expect(payloads).toHaveLength(4)
  expect(pieces).toEqual([4])
  peer.write(peer.transfer({ delivery_id: 4, settled: true }, text('4')), peer.transfer({ delivery_id: 5 }, text('5')))
  expect((await peer.next('disposition', ({ role }) => role === true)).fields).toMatchObject({ first: 5, last: 5 })
  // The sender's own settling is nobody's concern.
  peer.write(peer.frame('disposition', { role: false, first: 0, last: 5, settled: true }))
  peer.write(peer.transfer({ delivery_id: 6, settled: true }, text('6')))
  await eventually(() => payloads.length === 7)
})

const rheaCode = (state: unknown) => Number((state as { descriptor: { value: number } }).descriptor.value)

it('answers a flow that asks for it, and gives up credit that the sender has used up', async () => {
  const { peer, link } = await open()
  link.grant(10)
  await peer.next('flow', flowOf(0))
  const flow = { incoming_window: 10, next_outgoing_id: 0, outgoing_window: 10 }
  peer.write(peer.frame('flow', { ...flow, echo: true }))
  expect((await peer.next('flow', flowOf(0))).fields).toMatchObject({ link_credit: 10, delivery_count: 0 })
  peer.write(peer.frame('flow', { ...flow, handle: 0, delivery_count: 10, link_credit: 0, drain: true, echo: true }))
  expect((await peer.next('flow', flowOf(0))).fields).toMatchObject({ link_credit: 0, delivery_count: 10 })
  expect(link.outstanding).toBe(0)
})

it('keeps the window of its session open', async () => {
  const { peer, link, payloads } = await open()
  link.grant(20_000)
  expect((await peer.next('flow', flowOf(0))).fields).toMatchObject({ incoming_window: 5000 })
  for (let id = 0; id < 2600; id++) peer.write(peer.transfer({ delivery_id: id, settled: true }, text('x')))
  const { fields } = await peer.next('flow', flowOf(0))
  expect(fields['incoming_window']).toBe(5000)
  expect(Number(fields['next_incoming_id'])).toBeGreaterThan(2500)
  await eventually(() => payloads.length === 2600)
})

it('gives signs of life while only transfers come', async () => {
  const { peer, link, payloads, ends } = await open({ idleTimeOut: 300 })
  link.grant(100_000)
  let id = 0
  await eventually(() => {
    peer.write(peer.transfer({ delivery_id: id++, settled: true }, text('x')))
    return peer.sent.filter(({ name }) => name === 'empty').length >= 3
  })
  await eventually(() => payloads.length === id)
  expect(ends).toEqual([])
})

it('takes transfers out of what comes, and shows the library an empty frame for them', async () => {
  const { peer } = await open()
  const events = { send: () => {}, onFlowDue: () => {}, onDelivery: () => {}, onPieceEnd: () => {} }
  const link = new ReceivingLink('link', events)
  const router = new FrameRouter()
  router.add(link)
  const passed: Buffer[] = []
  const pass = (bytes: Buffer) => void passed.push(bytes)
  const attach = peer.frame('attach', { name: 'link', handle: 0, role: false, initial_delivery_count: 0 })
  const transfer = peer.transfer({ delivery_id: 0, settled: true }, text('x'))
  const other = peer.frame('flow', { incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1 }, undefined, 77)
  router.received(Buffer.concat([transfer, attach]), pass)
  const next = peer.transfer({ delivery_id: 1, settled: true }, text('y'))
  router.received(Buffer.concat([transfer, other, next]), pass)
  const empty = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0])
  expect(Buffer.concat(passed)).toEqual(Buffer.concat([transfer, attach, empty, other]))
})

it.each([
  ['with an error', { condition: 'amqp:link:stolen', description: 'New receiver with higher epoch' }, /higher epoch/],
  ['without one', undefined, /closed the link/],
])('ends when the service detaches it %s, and the connection goes on', async (_, error, message) => {
  const { peer, link, ends, connection } = await open()
  link.grant(1)
  peer.write(peer.frame('detach', { handle: 0, closed: true, ...(error && { error }) }))
  await eventually(() => ends.length === 1)
  expect(ends[0]?.message).toMatch(message)
  await peer.next('end')
  expect(connection.isRetired).toBe(false)
  await link.close()
  expect(ends).toHaveLength(1)
})

it('ends with its session', async () => {
  const { peer, ends } = await open()
  peer.write(peer.frame('end', { error: { condition: 'amqp:internal-error', description: 'the session broke' } }))
  await eventually(() => ends.length === 1)
  expect(ends[0]?.message).toMatch(/the session broke/)
})

it.each([
  [
    'says goodbye',
    (peer: AmqpPeer) =>
      peer.write(
        peer.frame(
          'close',
          { error: { condition: 'amqp:connection:forced', description: 'Maintenance' } },
          undefined,
          0,
        ),
      ),
    /Maintenance/,
  ],
  ['is lost', (peer: AmqpPeer) => peer.end(), /closed by the other side/],
])('ends when the connection %s', async (_, act, message) => {
  const { peer, ends, connection } = await open()
  act(peer)
  await eventually(() => ends.length === 1)
  expect(ends[0]?.message).toMatch(message)
  expect(connection.isRetired).toBe(true)
})

it('rejects where it is refused, with the reason', async () => {
  const refuse = { condition: 'amqp:not-found', description: 'The messaging entity sb://x could not be found.' }
  await expect(open({ refuse })).rejects.toMatchObject({ code: 'MessagingEntityNotFoundError' })
})

it('drops what was on its way to a link that has been closed', async () => {
  const { peer, link, payloads, ends, connection } = await open()
  link.grant(10)
  await peer.next('flow', flowOf(0))
  const closing = link.close()
  peer.write(peer.transfer({ delivery_id: 0, settled: true }, text('late')))
  await closing
  await peer.next('end')
  expect(payloads).toEqual([])
  expect(ends).toEqual([])
  expect(connection.isRetired).toBe(false)
})

it.each<[string, (peer: AmqpPeer) => Buffer, RegExp]>([
  [
    'a handle that is none',
    (peer) => peer.transfer({ handle: 9, delivery_id: 0 }, text('x')),
    /handle 9, where no link is/,
  ],
  [
    'a missing delivery',
    (peer) =>
      Buffer.concat([
        peer.transfer({ delivery_id: 0, settled: true }, text('a')),
        peer.transfer({ delivery_id: 2, settled: true }, text('c')),
      ]),
    /delivery 2 came where 1 was due/,
  ],
  ['no id', (peer) => peer.transfer({}, text('x')), /without an id/],
  [
    'a delivery within another',
    (peer) =>
      Buffer.concat([
        peer.transfer({ delivery_id: 0, more: true }, text('a')),
        peer.transfer({ delivery_id: 1 }, text('b')),
      ]),
    /before the end of 0/,
  ],
  [
    'fields of other types',
    (peer) =>
      Buffer.from(
        peer
          .transfer({ delivery_id: 300, settled: true }, text('x'))
          .toString('hex')
          .replace('700000012c', 'b00000012c'),
        'hex',
      ),
    /end within a value|where a number is to be/,
  ],
  ['a frame of no size', () => Buffer.from([0, 0, 0, 3, 2, 0, 0, 0]), /size of 3 bytes/],
  [
    'a frame larger than any',
    () => {
      const header = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0])
      header.writeUInt32BE(largestFrame + 1)
      return header
    },
    new RegExp(`size of ${largestFrame + 1} bytes`),
  ],
])('ends the connection, and says why, for %s', async (_, bytes, message) => {
  const { peer, link, ends, connection } = await open()
  link.grant(10)
  peer.write(bytes(peer))
  await eventually(() => ends.length === 1)
  expect(ends[0]?.message).toMatch(message)
  expect(connection.isRetired).toBe(true)
})

it('takes no delivery larger than any: what is thrown ends the connection, as above', async () => {
  const { peer } = await open()
  const events = { send: () => {}, onFlowDue: () => {}, onDelivery: () => {}, onPieceEnd: () => {} }
  const router = new FrameRouter()
  router.add(new ReceivingLink('link', events))
  const take = (bytes: Buffer) => router.received(bytes, () => {})
  take(peer.frame('attach', { name: 'link', handle: 0, role: false, initial_delivery_count: 0 }))
  const part = peer.transfer({ delivery_id: 0, more: true }, Buffer.alloc(1024 * 1024))
  for (let bytes = 1024 * 1024; bytes <= largestDelivery; bytes += 1024 * 1024) take(part)
  expect(() => take(peer.transfer({ delivery_id: 0, more: true }, text('x')))).toThrow(
    `a delivery is larger than ${largestDelivery} bytes`,
  )
})

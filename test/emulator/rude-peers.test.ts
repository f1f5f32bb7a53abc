import { randomBytes } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { MAX_WAITING } from '../../src/emulator/amqp/links/request-node.js'
import { eventually } from '../support/eventually.js'
import { begin, frame, NULL, open, SASL_HEADER, string, TRUE, uint } from './frames.js'
import rhea, { connectRhea } from './rhea.js'
import { openBench } from './sdk.js'

/** Sends bytes and resolves with what came back when the emulator has ended the connection. */
function endsAfter(port: number, ...chunks: Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection(port, '127.0.0.1', async () => {
      for (const chunk of chunks) {
        socket.write(chunk)
        await new Promise((next) => setImmediate(next))
      }
    })
    const received: Buffer[] = []
    socket.on('data', (data) => received.push(data))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(received).toString('latin1')))
    socket.setTimeout(5000, () => {
      socket.destroy()
      reject(new Error('the emulator kept the connection'))
    })
  })
}

const size = (bytes: number) => {
  const buffer = Buffer.alloc(8)
  buffer.writeUInt32BE(bytes)
  buffer.writeUInt8(2, 4)
  return buffer
}

describe('what breaks the protocol ends its own connection and nothing else', () => {
  test.each<[name: string, chunks: Buffer[]]>([
    ['a frame of no size', [open(), size(0)]],
    ['a frame shorter than its head', [open(), size(4)]],
    ['a frame larger than agreed', [open(), size(0x7fff_ffff)]],
    ['a frame that does not decode', [open(), frame(0x11, [Buffer.from([0xff])])]],
    ['an unknown performative', [open(), frame(0x99, [])]],
    ['a second OPEN', [open(), frame(0x10, [string('again')])]],
    ['an attach on no session', [open(), frame(0x12, [string('x'), uint(0), Buffer.from([0x41])], 7)]],
    [
      'an array that claims more items than it holds',
      [
        open(),
        begin(),
        frame(0x12, [
          string('x'),
          uint(0),
          TRUE,
          ...Array.from({ length: 10 }, () => NULL),
          Buffer.from([0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x41]),
        ]),
      ],
    ],
    ['another version', [Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])]],
    ['SASL frames that are none', [SASL_HEADER, Buffer.from([0, 0, 0, 9, 2, 1, 0, 0, 0x40])]],
    ['noise behind the header', [Buffer.concat([Buffer.from('AMQP'), randomBytes(2000)])]],
  ])('%s', async (_, chunks) => {
    await using bench = await openBench()
    await bench.send('0', 'a')
    const reading = bench.read()
    await eventually(() => reading.events.length === 1)
    const received = await endsAfter(bench.emulator.port, ...chunks)
    if (chunks[0]?.equals(open())) expect(received).toContain('amqp:connection:framing-error')
    expect(bench.emulator.stats.connectionsFailed).toBe(1)
    await bench.send('0', 'b')
    await eventually(() => reading.events.length === 2)
    expect(reading.errors).toEqual([])
    await reading.close()
  })

  test('noise that speaks neither AMQP nor HTTP', async () => {
    await using bench = await openBench()
    await endsAfter(bench.emulator.port, randomBytes(500))
  })

  test.each(['A', 'AMQ', 'G'])('the first bytes %j and then nothing', async (first) => {
    await using bench = await openBench()
    const socket = createConnection(bench.emulator.port, '127.0.0.1')
    await new Promise((resolve) => socket.write(first, resolve))
    await bench.send('0', 'a')
    socket.destroy()
  })

  test('a hundred connections that say nothing', async () => {
    await using bench = await openBench()
    const sockets = Array.from({ length: 100 }, () => createConnection(bench.emulator.port, '127.0.0.1'))
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    await bench.send('0', 'a')
    for (const socket of sockets) socket.destroy()
  })
})

test('a request without end costs the connection before it fills the memory', async () => {
  await using bench = await openBench()
  const { port } = bench.emulator
  const options = { host: '127.0.0.1', port, username: 'anyone', reconnect: false }
  const connection = rhea.create_container().connect(options)
  const ended = new Promise((resolve) => connection.on('connection_error', resolve))
  connection.open_receiver({ name: 'replies', source: { address: '$cbs' } })
  const sender = connection.open_sender({ name: 'requests', target: { address: '$cbs' } })
  sender.once('sendable', () => sender.send({ body: 'x'.repeat(2_000_000) }))
  await ended
  await bench.send('0', 'a')
})

test('answers that nobody takes are kept up to a number, and no further', async () => {
  await using bench = await openBench()
  const connection = connectRhea(bench.emulator.port)
  const receiver = connection.open_receiver({ name: 'replies', source: { address: '$cbs' }, credit_window: 0 })
  const sender = connection.open_sender({ name: 'requests', target: { address: '$cbs' } })
  const asked = MAX_WAITING + 50
  let settled = 0
  sender.once('sendable', () => {
    for (let id = 0; id < asked; id++) sender.send({ message_id: id, reply_to: 'replies', body: 'no token' })
  })
  sender.on('accepted', () => settled++)
  await eventually(() => settled === asked)
  let answers = 0
  receiver.on('message', () => answers++)
  receiver.add_credit(asked)
  await eventually(() => answers >= MAX_WAITING)
  await bench.send('0', 'a')
  expect(answers).toBe(MAX_WAITING)
  connection.close()
})

test('a second pair of links to $cbs is refused', async () => {
  await using bench = await openBench()
  const connection = rhea.create_container().connect({
    host: '127.0.0.1',
    port: bench.emulator.port,
    username: 'RootManageSharedAccessKey',
    reconnect: false,
  })
  const refused = new Promise<unknown>((resolve) => {
    connection.on('receiver_error', ({ receiver }) => resolve(receiver.error))
  })
  connection.open_receiver({ name: 'first', source: { address: '$cbs' } })
  connection.open_receiver({ name: 'second', source: { address: '$cbs' } })
  expect(await refused).toMatchObject({
    condition: 'amqp:not-allowed',
    description: expect.stringContaining('$cbs node has already been opened'),
  })
  connection.close()
})

test('a login by name and key needs no token; a wrong one is refused', async () => {
  await using bench = await openBench()
  const login = (password: string) => connectRhea(bench.emulator.port, { password })
  const good = login('SAS_KEY_VALUE')
  const sender = good.open_sender({ target: { address: 'hub/Partitions/0' } })
  await new Promise((resolve) => sender.once('sendable', resolve))
  // A single message, not a batch; and one in which nothing can be read.
  const outcome = new Promise((resolve) => sender.once('accepted', resolve))
  sender.send({ body: 'single' })
  await outcome
  const rejected = new Promise<unknown>((resolve) =>
    sender.once('rejected', ({ delivery }) => resolve(delivery.remote_state.error)),
  )
  sender.send(Buffer.from('nonsense'), undefined, 0)
  expect(await rejected).toMatchObject({ condition: 'amqp:decode-error' })
  expect(bench.emulator.eventHubs.get('hub')?.events()[0]?.message).toMatchObject({ body: 'single' })
  good.close()

  const bad = login('wrong').on('disconnected', () => {})
  const error = await new Promise<unknown>((resolve) => bad.on('connection_error', (context) => resolve(context.error)))
  expect(error).toMatchObject({ condition: 'amqp:unauthorized-access' })
})

test('rejected and accepted transfers of one moment each get their own outcome', async () => {
  await using bench = await openBench()
  const connection = connectRhea(bench.emulator.port)
  const sender = connection.open_sender({ target: { address: 'hub/Partitions/0' } })
  await new Promise((resolve) => sender.once('sendable', resolve))
  const outcomes = new Map<number, string>()
  for (const outcome of ['accepted', 'rejected']) {
    sender.on(outcome, ({ delivery }) => outcomes.set(delivery.id, outcome))
  }
  const good = rhea.message.encode({ body: 'good' })
  const bad = Buffer.from('bad')
  for (const payload of [good, bad, good, good, bad, bad, good]) sender.send(payload, undefined, 0)
  await eventually(() => outcomes.size === 7)
  expect([...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome)).toEqual([
    'accepted',
    'rejected',
    'accepted',
    'accepted',
    'rejected',
    'rejected',
    'accepted',
  ])
  connection.close()
})

test('credit that is asked back is given back', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a', 'b')
  const connection = connectRhea(bench.emulator.port)
  const receiver = connection.open_receiver({
    source: { address: 'hub/ConsumerGroups/$Default/Partitions/0' },
    credit_window: 0,
  })
  let got = 0
  receiver.on('message', () => got++)
  const drained = new Promise((resolve) => receiver.once('receiver_drained', resolve))
  receiver.add_credit(10)
  receiver.drain_credit()
  await drained
  expect(got).toBe(2)
  expect(receiver.credit).toBe(0)
  // And again: credit counts as before.
  receiver.drain = false
  receiver.add_credit(1)
  await bench.send('0', 'c', 'd')
  await eventually(() => got === 3)
  receiver.add_credit(1)
  await eventually(() => got === 4)
  connection.close()
})

describe('HTTP on the same port', () => {
  test('tells its health', async () => {
    await using bench = await openBench()
    const response = await fetch(`http://127.0.0.1:${bench.emulator.port}/health`)
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'healthy', message: 'Service is healthy.' },
    ])
    const post = await fetch(`http://127.0.0.1:${bench.emulator.port}/health`, { method: 'POST' })
    expect(post.status).toBe(405)
  })

  test('asks for credentials elsewhere', async () => {
    await using bench = await openBench()
    expect((await fetch(`http://127.0.0.1:${bench.emulator.port}/hub`)).status).toBe(401)
  })
})

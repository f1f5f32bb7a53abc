import { Duplex } from 'node:stream'
import rhea, { type ConnectionOptions } from 'rhea'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { encodeClose, encodeOpen } from '../../../../src/emulator/amqp/codec/performative.js'
import { AmqpSocket, type SocketObserver } from '../../../../src/eventhubs/connection/amqp-socket.js'
import { createDeferred } from '../../../../src/util/deferred.js'

const open = encodeOpen({ containerId: 'test', maxFrameSize: 65_536, channelMax: 10, idleTimeOut: 0 })
const header = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])

/** A frame of channel 0. */
function frame(performative: Buffer): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0])
  head.writeUInt32BE(head.length + performative.length)
  return Buffer.concat([head, performative])
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('leaves no timer of the library when the socket is gone before the library answers a CLOSE', async () => {
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() })
  const closed = createDeferred()
  let socket: AmqpSocket | undefined
  const observer: SocketObserver = {
    openStream(onReady) {
      setImmediate(() => {
        onReady()
        stream.push(Buffer.concat([header, frame(open)]))
      })
      return stream
    },
    connectTimeout: 60_000,
    onOpening(opening) {
      socket = opening
    },
    onBytes(bytes, pass) {
      // What watches connections ends one at a CLOSE with an error, and passes it on.
      if (bytes.includes('amqp:internal-error')) socket?.destroy(new Error('closed by the service'))
      pass(bytes)
    },
    onClosed: () => closed.resolve(),
  }
  class Socket extends AmqpSocket {
    constructor(url: string) {
      super(url, [], observer)
    }
  }
  const container = rhea.create_container()
  const connect = container.websocket_connect(Socket as never)('ws://localhost', [], {} as never)
  const options = { connection_details: connect, reconnect: false, idle_time_out: 60_000 }
  const connection = container.connect(options as unknown as ConnectionOptions)
  for (const event of ['disconnected', 'connection_error']) connection.on(event, () => {})
  connection.on('connection_close', () => connection.close())
  const opened = new Promise((resolve) => connection.once('connection_open', resolve))
  await opened
  stream.push(frame(encodeClose({ condition: 'amqp:internal-error', description: 'something broke' })))
  await closed.promise
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
  // The socket's own last second.
  await vi.advanceTimersByTimeAsync(2000)
  expect(vi.getTimerCount()).toBe(0)
})

it('writes what the library sends in one turn in one piece, in order, and all of it before it closes', async () => {
  const written: string[] = []
  const finished = createDeferred()
  const stream = new Duplex({
    read() {},
    write(bytes, _encoding, done) {
      written.push(String(bytes))
      done()
    },
    writev(chunks, done) {
      written.push(chunks.map(({ chunk }) => String(chunk)).join(' '))
      done()
    },
    final: (done) => {
      finished.resolve()
      done()
    },
  })
  const socket = new AmqpSocket('amqp://localhost', [], {
    openStream: () => stream,
    connectTimeout: 60_000,
    onOpening() {},
    onBytes() {},
    onClosed() {},
  })
  for (const text of ['a', 'b', 'c']) socket.send(Buffer.from(text))
  await new Promise(setImmediate)
  socket.send(Buffer.from('d'))
  await new Promise(setImmediate)
  socket.send(Buffer.from('e'))
  socket.write(Buffer.from('f'))
  socket.close()
  await finished.promise
  expect(written).toEqual(['a b c', 'd', 'e f'])
  socket.destroy()
})

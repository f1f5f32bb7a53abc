import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * A client of hand-written AMQP frames that does next to nothing with what it gets: what is measured over it is the
 * emulator, not a client library.
 */

const SASL = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0])
const AMQP = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])
const NULL = Buffer.of(0x40)
const WINDOW = 1_000_000

const text = (value: string) => Buffer.concat([Buffer.of(0xa1, value.length), Buffer.from(value)])
const symbol = (value: string) => Buffer.concat([Buffer.of(0xa3, value.length), Buffer.from(value)])
const flag = (value: boolean) => Buffer.of(value ? 0x41 : 0x42)
const uint = (value: number) => {
  const bytes = Buffer.alloc(5, 0x70)
  bytes.writeUInt32BE(value, 1)
  return bytes
}

const list = (code: number, ...items: Buffer[]) => {
  const body = Buffer.concat(items)
  return Buffer.concat([Buffer.of(0x00, 0x53, code, 0xc0, body.length + 1, items.length), body])
}

function frame(body: Buffer, type = 0): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length)
  head.set([2, type], 4)
  return Buffer.concat([head, body])
}

/** Logs in with a key and begins a session; calls back with the code of each frame's performative. */
async function open(port: number, key: string, onFrame: (code: number, frame: Buffer) => void): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let rest: Buffer = Buffer.alloc(0)
  let headers = 2
  socket.on('data', (data) => {
    rest = rest.length > 0 ? Buffer.concat([rest, data]) : data
    let at = 0
    while (rest.length - at >= 8) {
      if (headers > 0 && rest.toString('latin1', at, at + 4) === 'AMQP') {
        headers--
        at += 8
        continue
      }
      const size = rest.readUInt32BE(at)
      if (rest.length - at < size) break
      if (size > 10) onFrame(rest[at + 10] as number, rest.subarray(at, at + size))
      at += size
    }
    rest = rest.subarray(at)
  })
  const response = Buffer.from(`\0RootManageSharedAccessKey\0${key}`)
  const login = list(0x41, symbol('PLAIN'), Buffer.concat([Buffer.of(0xa0, response.length), response]))
  socket.write(Buffer.concat([SASL, frame(login, 1), AMQP, frame(list(0x10, text('bench'), text('localhost')))]))
  socket.write(frame(list(0x11, NULL, uint(0), uint(WINDOW), uint(WINDOW))))
  return socket
}

/** Reads a partition from its end and calls back with how many events came at a time. */
export async function read(options: {
  port: number
  key: string
  hub: string
  partition: string
  onEvents(count: number): void
}): Promise<Socket> {
  const address = `${options.hub}/ConsumerGroups/$Default/Partitions/${options.partition}`
  const filter = Buffer.concat([
    Buffer.of(0x00),
    symbol('apache.org:selector-filter:string'),
    text("amqp.annotation.x-opt-offset > '@latest'"),
  ])
  const filters = Buffer.concat([symbol('apache.org:selector-filter:string'), filter])
  const map = Buffer.concat([Buffer.of(0xc1, filters.length + 1, 2), filters])
  const source = list(0x28, text(address), NULL, NULL, NULL, NULL, NULL, NULL, map)
  const attached = deferred()
  let received = 0
  let granted = 0
  const grant = () => {
    granted = received + 5000
    socket.write(
      frame(list(0x13, uint(received), uint(WINDOW), uint(0), uint(WINDOW), uint(0), uint(received), uint(5000))),
    )
  }
  const socket = await open(options.port, options.key, (code) => {
    if (code === 0x12) attached.resolve()
    if (code !== 0x14) return
    received++
    options.onEvents(1)
    if (granted - received < 2500) grant()
  })
  socket.write(
    frame(list(0x12, text('r'), uint(0), flag(true), Buffer.of(0x50, 1), NULL, source, list(0x29, text('me')))),
  )
  await attached.promise
  grant()
  return socket
}

/** Publishes batches to a partition while `mayGo` says so; calls back with each that was accepted. */
export async function publish(options: {
  port: number
  key: string
  hub: string
  partition: string
  eventsPerBatch: number
  bodySize: number
  mayGo(): boolean
  onAccepted(events: number): void
}): Promise<Socket> {
  const { eventsPerBatch, bodySize } = options
  const data = (bytes: Buffer) => {
    const head = Buffer.alloc(8, 0)
    head.set([0x00, 0x53, 0x75, 0xb0])
    head.writeUInt32BE(bytes.length, 4)
    return Buffer.concat([head, bytes])
  }
  const event = data(data(Buffer.alloc(bodySize, 'x')))
  const payload = Buffer.concat(Array.from({ length: eventsPerBatch }, () => event))
  const ready = deferred()
  let sent = 0
  let accepted = 0
  const transfer = () => {
    const head = (more: boolean, first: boolean) =>
      list(
        0x14,
        uint(0),
        first ? uint(sent) : NULL,
        first ? Buffer.of(0xa0, 1, sent & 255) : NULL,
        first ? uint(0x80013700) : NULL,
        flag(false),
        flag(more),
      )
    for (let at = 0; at < payload.length; at += 60_000) {
      const part = payload.subarray(at, at + 60_000)
      socket.write(frame(Buffer.concat([head(at + part.length < payload.length, at === 0), part])))
    }
    sent++
  }
  const pump = () => {
    while (sent - accepted < 4 && options.mayGo()) transfer()
  }
  const socket = await open(options.port, options.key, (code, bytes) => {
    if (code === 0x13) ready.resolve()
    if (code !== 0x15) return
    // Fields behind the role: first and last of the range, each a uint of one or four bytes.
    const first = uintAt(bytes, 15)
    const last = uintAt(bytes, 15 + first.size)
    accepted = last.value + 1
    options.onAccepted((last.value - first.value + 1) * eventsPerBatch)
    pump()
  })
  const target = list(0x29, text(`${options.hub}/Partitions/${options.partition}`))
  socket.write(
    frame(list(0x12, text('s'), uint(0), flag(false), NULL, NULL, list(0x28, text('me')), target, NULL, NULL, uint(0))),
  )
  await ready.promise
  const timer = setInterval(pump, 1)
  socket.once('close', () => clearInterval(timer))
  pump()
  return socket
}

function uintAt(bytes: Buffer, at: number): { value: number; size: number } {
  if (bytes[at] === 0x43) return { value: 0, size: 1 }
  if (bytes[at] === 0x52) return { value: bytes[at + 1] as number, size: 2 }
  return { value: bytes.readUInt32BE(at + 1), size: 5 }
}

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

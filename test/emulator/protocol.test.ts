import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FrameReader } from '../../src/emulator/amqp/codec/frame-reader.js'
import { type Fields, readPerformative } from '../../src/emulator/amqp/codec/performative.js'
import { Described } from '../../src/emulator/amqp/codec/values.js'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { closeOf } from '../support/closing.js'
import { begin, FALSE, frame, list, NULL, open, SASL_HEADER, string, symbol, TRUE, uint } from './frames.js'

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator({ eventHubs: [{ name: 'hub', partitionCount: 2 }] })
})
afterEach(() => emulator.close())

const CODES = {
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
}

interface Received {
  readonly code: number
  readonly fields: Fields
  readonly payload: Buffer
}

/** A client that says exactly what it is told to, logged in with the key, and hears every frame. */
class Client {
  readonly #socket: Socket
  readonly #frames = new FrameReader(65_536)
  readonly #received: Received[] = []
  #headers = 2
  #waiting: () => void = () => {}
  closed = false

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.closed = true
      this.#waiting()
    })
    this.#socket.on('data', (data) => {
      this.#frames.push(data)
      while (this.#headers > 0 && this.#takeHeader());
      for (let next = this.#headers === 0 && this.#frames.next(); next; next = this.#frames.next()) {
        if (next.bytes.length > next.bodyStart) this.#received.push(readPerformative(next.bytes, next.bodyStart))
      }
      this.#waiting()
    })
  }

  /** The header of SASL, its two frames, the header of AMQP. */
  #takeHeader(): boolean {
    if (this.#headers === 2 || this.#saslFrames === 2) {
      if (!this.#frames.header()) return false
      this.#headers--
      return true
    }
    if (!this.#frames.next()) return false
    this.#saslFrames++
    return true
  }

  #saslFrames = 0

  write(...parts: Buffer[]): this {
    this.#socket.write(Buffer.concat(parts))
    return this
  }

  /** The next frame of that kind; those before it are passed over. */
  async next(code: number): Promise<Received> {
    for (;;) {
      const received = this.#received.shift()
      if (received?.code === code) return received
      if (received) continue
      if (this.closed) throw new Error(`no frame 0x${code.toString(16)} came`)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  async ended(): Promise<void> {
    if (!this.closed) await closeOf(this.#socket)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

const login = () => {
  const response = Buffer.from('\0RootManageSharedAccessKey\0SAS_KEY_VALUE')
  const init = frame(0x41, [symbol('PLAIN'), Buffer.concat([Buffer.of(0xa0, response.length), response])])
  init[5] = 1
  return Buffer.concat([SASL_HEADER, init])
}

/** Everything up to BEGIN in one write, as clients that don't wait for answers do. */
const start = () => new Client(emulator.port).write(login(), open(), begin())

const READER = 'hub/ConsumerGroups/$Default/Partitions/0'
const sender = (name: string, handle = 0, address = 'hub/Partitions/0', settleMode = NULL) =>
  frame(CODES.attach, [
    string(name),
    uint(handle),
    FALSE,
    settleMode,
    NULL,
    list(0x28, string('me')),
    list(0x29, string(address)),
    NULL,
    NULL,
    uint(0),
  ])
const receiver = (name: string, handle = 1, more: Buffer[] = []) =>
  frame(CODES.attach, [
    string(name),
    uint(handle),
    TRUE,
    NULL,
    NULL,
    list(0x28, string(READER)),
    list(0x29, string('me')),
    ...more,
  ])
const data = (text: string) => Buffer.concat([Buffer.of(0x00, 0x53, 0x75, 0xa0, text.length), Buffer.from(text)])
const transfer = (id: number, payload: Buffer, handle = 0) =>
  frame(CODES.transfer, [uint(handle), uint(id), Buffer.of(0xa0, 1, id & 255), uint(0)], 0, payload)
const flow = (handle: number, credit: number, { drain = false, echo = false } = {}) =>
  frame(CODES.flow, [
    uint(0),
    uint(1000),
    uint(0),
    uint(1000),
    uint(handle),
    uint(0),
    uint(credit),
    NULL,
    drain ? TRUE : FALSE,
    echo ? TRUE : FALSE,
  ])
const detach = (handle: number, closed = true) => frame(CODES.detach, [uint(handle), closed ? TRUE : FALSE])
const errorOf = ({ fields }: Received, index: number) => {
  const error = fields.value(index)
  return error instanceof Described ? (error.value as unknown[])[0] : undefined
}

describe('frames', () => {
  test('carry all their fields, for clients that read by position', async () => {
    const client = start().write(sender('s'), transfer(0, data('a')))
    expect((await client.next(CODES.begin)).fields.count).toBe(8)
    expect((await client.next(CODES.attach)).fields.count).toBe(14)
    expect((await client.next(CODES.flow)).fields.count).toBe(11)
    expect((await client.next(CODES.disposition)).fields.count).toBe(6)
    expect((await client.write(detach(0)).next(CODES.detach)).fields.count).toBe(3)
    client.destroy()
  })

  test('of BEGIN tell the largest handle', async () => {
    const client = start()
    expect((await client.next(CODES.begin)).fields.integer(4)).toBe(255)
    client.destroy()
  })
})

describe('a link', () => {
  test('is attached in the settle mode that a publisher asked for, with a reader’s properties', async () => {
    const properties = Buffer.concat([Buffer.of(0xc1, 27, 2), symbol('receiver-name-of-it'), string('one')])
    properties[1] = properties.length - 2
    const client = start().write(sender('s', 0, 'hub/Partitions/0', Buffer.of(0x50, 1)))
    expect((await client.next(CODES.attach)).fields.integer(3)).toBe(1)
    client.write(receiver('r', 1, [NULL, NULL, NULL, NULL, NULL, NULL, properties]))
    expect((await client.next(CODES.attach)).fields.value(13)).toEqual(new Map([['receiver-name-of-it', 'one']]))
    client.destroy()
  })

  test('may have the name of one in the other direction', async () => {
    const client = start().write(sender('same'), receiver('same'))
    await client.next(CODES.attach)
    await client.next(CODES.attach)
    client.write(transfer(0, data('a')))
    await client.next(CODES.disposition)
    client.destroy()
  })

  test('is detached and attached again in one write, and answered in kind', async () => {
    const client = start().write(sender('s'))
    await client.next(CODES.attach)
    client.write(detach(0, false), sender('s', 0, 'hub/Partitions/1'))
    expect((await client.next(CODES.detach)).fields.flag(1)).toBe(false)
    await client.next(CODES.attach)
    client.write(transfer(0, data('a')))
    await client.next(CODES.disposition)
    client.destroy()
  })

  test('is drained at once, also without credit and without events', async () => {
    const client = start().write(receiver('r'))
    await client.next(CODES.attach)
    for (const credit of [0, 7]) {
      const { fields } = await client.write(flow(1, credit, { drain: true })).next(CODES.flow)
      expect([fields.integer(5), fields.integer(6), fields.flag(8)]).toEqual([credit, 0, true])
    }
    client.destroy()
  })

  test('echoes a flow when it is asked to', async () => {
    const client = start().write(receiver('r'))
    await client.next(CODES.attach)
    expect((await client.write(flow(1, 5, { echo: true })).next(CODES.flow)).fields.integer(6)).toBe(5)
    client.destroy()
  })

  test('of a sender that overruns its credit is detached', async () => {
    const client = start().write(sender('s'))
    await client.next(CODES.flow)
    const payload = data('x')
    client.write(...Array.from({ length: 900 }, (_, id) => transfer(id, payload)))
    expect(errorOf(await client.next(CODES.detach), 2)).toBe('amqp:link:transfer-limit-exceeded')
    client.destroy()
  })

  test('rejects an empty transfer, and goes on', async () => {
    const client = start().write(sender('s'), transfer(0, Buffer.alloc(0)), transfer(1, data('a')))
    const states = []
    for (let i = 0; i < 2; i++)
      states.push(((await client.next(CODES.disposition)).fields.value(4) as Described).descriptor)
    expect(states).toEqual([0x25, 0x24])
    client.destroy()
  })

  test('does not echo a filter that it does not know', async () => {
    const filter = Buffer.concat([symbol('x:none'), string('a')])
    const source = list(
      0x28,
      string(READER),
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      Buffer.concat([Buffer.of(0xc1, filter.length + 1, 2), filter]),
    )
    const client = start().write(
      frame(CODES.attach, [string('r'), uint(1), TRUE, NULL, NULL, source, list(0x29, string('me'))]),
    )
    expect((await client.next(CODES.attach)).fields.described(5)?.value(7)).toBeUndefined()
    client.destroy()
  })
})

describe('numbers that begin again', () => {
  test('of transfers and deliveries', async () => {
    const first = 0xffff_fffe
    const client = new Client(emulator.port).write(
      login(),
      open(),
      frame(CODES.begin, [NULL, uint(first), uint(100), uint(100)]),
      sender('s'),
    )
    await client.next(CODES.flow)
    client.write(...Array.from({ length: 6 }, (_, i) => transfer((first + i) >>> 0, data('x'))))
    let settled = 0
    while (settled < 6) {
      const { fields } = await client.next(CODES.disposition)
      settled += (((fields.integer(2) ?? 0) - (fields.integer(1) ?? 0)) >>> 0) + 1
    }
    expect(emulator.eventHubs.get('hub')?.partitions[0]?.count).toBe(6)
    client.destroy()
  })
})

describe('mistakes cost what they are about', () => {
  test('a transfer on no link: its session', async () => {
    const client = start().write(transfer(0, data('a'), 9))
    expect(errorOf(await client.next(CODES.end), 0)).toBe('amqp:session:unattached-handle')
    expect(client.closed).toBe(false)
    client.destroy()
  })

  test.each<[name: string, what: () => Buffer]>([
    ['a handle above handle-max', () => sender('s', 256)],
    ['a channel above channel-max', () => frame(CODES.begin, [NULL, uint(0), uint(1), uint(1)], 5000)],
  ])('%s: the connection', async (_, what) => {
    const client = start().write(what())
    expect(errorOf(await client.next(CODES.close), 0)).toBe('amqp:connection:framing-error')
    await client.ended()
  })

  test('the same link in a second session: the first one', async () => {
    const client = start().write(sender('same'))
    await client.next(CODES.flow)
    const second = sender('same')
    second.writeUInt16BE(1, 6)
    client.write(frame(CODES.begin, [NULL, uint(0), uint(100), uint(100)], 1), second)
    expect(errorOf(await client.next(CODES.detach), 2)).toBe('amqp:link:stolen')
    await client.next(CODES.attach)
    client.destroy()
  })
})

test.each<[name: string, bytes: () => Buffer, answer: RegExp]>([
  ['another protocol’s header', () => Buffer.from('AMQP\0\0\x09\x01', 'latin1'), /^414d515003010000$/],
  [
    'an unknown SASL mechanism',
    () => {
      const init = frame(0x41, [symbol('SCRAM-SHA-256')])
      init[5] = 1
      return Buffer.concat([SASL_HEADER, init])
    },
    /005344c00402500140$/,
  ],
])('%s is answered as the specification says, and the connection ended', async (_, bytes, answer) => {
  const socket = connect(emulator.port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('hex')
  })
  socket.write(bytes())
  await closeOf(socket)
  expect(received).toMatch(answer)
})

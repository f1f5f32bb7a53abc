import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../../src/emulator/index.js'
import { eventually } from '../../../support/eventually.js'
import { contents, openTransport, send } from '../open-transport.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ autoCreateEventHubs: { partitionCount: 4 } })
})
afterAll(() => emulator.close())

let hubs = 0
const newHub = () => `sending-${++hubs}`

/** Passes on what both sides say, and says to the client what the test wants to be said. */
async function startTap() {
  const clients = new Set<net.Socket>()
  let accepted = 0
  const server = net.createServer((client) => {
    accepted++
    clients.add(client)
    const service = net.connect(emulator.port, '127.0.0.1')
    client.pipe(service).pipe(client)
    client.on('close', () => clients.delete(client))
    for (const socket of [client, service]) socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  return {
    config: { brokers: [`localhost:${port}`] },
    accepted: () => accepted,
    say(...bytes: number[]) {
      const frame = Buffer.from([0, 0, 0, 8 + bytes.length, 2, 0, 0, 0, ...bytes])
      for (const client of clients) client.write(frame)
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      server.close()
    },
  }
}

it.each([
  ['a type that there is not', [0x3f]],
  ['an unknown handle', [0x00, 0x53, 0x16, 0xc0, 3, 2, 0x52, 99]],
  ['the end of a session that there is not', [0x00, 0x53, 0x17, 0x45]],
])('outlives a service that speaks of %s', async (_name, bytes) => {
  await using tap = await startTap()
  await using transport = await openTransport(emulator, tap.config)
  const hub = newHub()
  await send(transport, hub, '0', 'before')
  tap.say(...bytes)
  await eventually(() =>
    send(transport, hub, '0', 'after').then(
      () => true,
      () => false,
    ),
  )
  expect((await contents(transport, hub, '0')).at(-1)).toBe('after')
})

it('keeps its connection and the other links when one is refused', async () => {
  await using tap = await startTap()
  await using transport = await openTransport(emulator, tap.config)
  const hub = newHub()
  await send(transport, hub, '1', 'x')
  const connections = tap.accepted()
  const refusal = emulator.faults.refuseAttach({
    hub,
    partition: '0',
    condition: 'com.microsoft:server-busy',
    times: 3,
  })
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(send(transport, hub, '0', 'x')).rejects.toMatchObject({ retriable: true })
    await send(transport, hub, '1', 'x')
  }
  await send(transport, hub, '0', 'x')
  expect(refusal.hits).toBe(3)
  expect(tap.accepted()).toBe(connections)
})

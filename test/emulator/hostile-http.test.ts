import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { parseAddress } from '../../src/emulator/amqp/address.js'
import { parsePosition } from '../../src/emulator/amqp/selector.js'
import { createAuthorizer, resourcePath } from '../../src/emulator/authorization.js'
import { limitRequestTime } from '../../src/emulator/http/request-time.js'
import { startEmulator } from '../../src/emulator/index.js'
import { closeOf } from '../support/closing.js'
import { eventually } from '../support/eventually.js'
import { scaled } from '../support/pace.js'

test.each<[name: string, take: () => unknown]>([
  ['an address of slashes', () => parseAddress(`${'/'.repeat(1_000_000)}x`)],
  ['an address of partitions', () => parseAddress('/Partitions'.repeat(100_000))],
  ['a resource of slashes', () => resourcePath(`sb://h${'/'.repeat(1_000_000)}x`)],
  [
    'a selector of blanks',
    () => expect(() => parsePosition(`amqp.annotation.x-opt-offset >${' '.repeat(1_000_000)}x'`)).toThrow(),
  ],
])('%s is read in no time', (_, take) => {
  const start = performance.now()
  take()
  expect(performance.now() - start).toBeLessThan(scaled(1000))
})

test('a token of slashes is refused in no time', async () => {
  const authorizer = createAuthorizer({ sharedAccessKeys: [] })
  const start = performance.now()
  const slashes = '/'.repeat(1_000_000)
  await expect(
    authorizer.verify(`SharedAccessSignature sr=${slashes}x&sig=a&se=1&skn=b`, 'sas', slashes),
  ).rejects.toThrow()
  expect(performance.now() - start).toBeLessThan(scaled(2000))
})

test('a WebSocket message larger than any transfer ends its connection before it is gathered', async () => {
  await using emulator = await startEmulator()
  const socket = new WebSocket(`ws://127.0.0.1:${emulator.port}/$servicebus/websocket`, 'AMQPWSB10')
  await once(socket, 'open')
  const closed = closeOf(socket)
  socket.send(Buffer.alloc(5 * 1024 * 1024))
  const [code] = (await closed) as [number]
  expect(code).toBe(1009)
})

test('a request that arrives too slowly ends its connection', async () => {
  const server = createServer((_request, response) => response.end())
  limitRequestTime(server, 100)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
  const dripping = setInterval(() => socket.write('x'), 20)
  await closeOf(socket)
  clearInterval(dripping)
  // The limit is short for a busy machine: a request that is quick enough is answered.
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 200)
  server.close()
  server.closeAllConnections()
})

test('a body that is too large is answered, and the connection goes on', async () => {
  await using emulator = await startEmulator()
  const socket = connect(emulator.port, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => {
    received += String(data)
  })
  const body = 2 * 1024 * 1024
  socket.write(`PUT /orders HTTP/1.1\r\nhost: x\r\ncontent-length: ${body}\r\n\r\n`)
  socket.write(Buffer.alloc(body))
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  await closeOf(socket)
  expect(received).toContain('HTTP/1.1 413')
  expect(received).toContain('HTTP/1.1 200')
})

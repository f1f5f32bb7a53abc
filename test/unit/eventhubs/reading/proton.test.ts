import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import type { Emulator } from '../../../../src/emulator/index.js'
import type { ReceivedEvent } from '../../../../src/translate/event.js'
import { fromEvent } from '../../../../src/translate/message.js'
import { openReader, openTransport } from '../open-transport.js'

/** Debian's own Python has Debian's packages, whichever else comes first. */
const python = '/usr/bin/python3'
const hasProton = spawnSync(python, ['-c', 'import proton']).status === 0
if (!hasProton) console.warn('Events that Qpid Proton has written are NOT read: python3-qpid-proton is not installed')

async function startProton(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as net.AddressInfo
  probe.close()
  await once(probe, 'close')
  const script = fileURLToPath(new URL('../../../support/programs/proton-server.py', import.meta.url))
  const server = spawn(python, [script, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void server.kill())
  await once(server.stdout, 'data')
  return port
}

it.skipIf(!hasProton)('reads what Qpid Proton writes, of every type', async () => {
  const port = await startProton()
  await using transport = await openTransport({ port } as Emulator)
  const reader = openReader(transport, { eventHubName: 'hub', partitionId: '0' })
  const events: ReceivedEvent[] = []
  while (events.length < 9) {
    const chunk = await reader.next()
    expect(chunk?.lastEnqueued).toBe(8)
    events.push(...(chunk?.events ?? []))
  }
  await reader.close()

  expect(
    events.map(({ sequenceNumber, offset, enqueuedTime, partitionKey, problem }) => [
      sequenceNumber,
      offset,
      enqueuedTime,
      partitionKey,
      problem,
    ]),
  ).toEqual(events.map((_, i) => [i, String(i * 100), 1_700_000_000_000 + i, 'key', undefined]))
  const messages = events.map(fromEvent)
  expect(messages.map(({ value }) => (value && value.length > 1000 ? value.length : value?.toString()))).toEqual([
    'one section',
    200_000,
    '"text"',
    '42',
    undefined,
    '{"a":[1,"b"],"c":{"d":true}}',
    '[1,"two",[3]]',
    '[1,2,3]',
    '"described"',
  ])
  const headers = Object.fromEntries(
    Object.entries(messages[0]?.headers ?? {}).map(([name, value]) => [name, value === null ? null : String(value)]),
  )
  expect(headers).toMatchObject({
    text: 'grün',
    empty: '',
    yes: 'true',
    no: 'false',
    none: null,
    ubyte: '200',
    ushort: '60000',
    uint: '4000000000',
    'small uint': '7',
    'zero uint': '0',
    ulong: '1099511627776',
    'zero ulong': '0',
    byte: '-5',
    short: '-300',
    int: '-70000',
    long: '-1099511627776',
    float: '1.5',
    double: '2.25',
    char: '120',
    time: '2023-11-14T22:13:20.123Z',
    symbol: 'sym',
    'message-id': '9',
    subject: 'about',
    'content-type': 'text/plain',
    'iothub-device': 'thermostat',
  })
  expect(messages[0]?.headers['binary']).toEqual(Buffer.from([0, 255]))
  expect(messages[0]?.headers['uuid']).toEqual(Buffer.from('00000000000000000000000000000005', 'hex'))
  expect(messages[0]?.timestamp).toBe('1600000000500')
})

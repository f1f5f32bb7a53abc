import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { conclude } from '../../src/cli/doctor/conclusion.js'
import type { Finding } from '../../src/cli/doctor/finding.js'
import { examineNetwork, openTransport, type Reach } from '../../src/cli/doctor/network.js'
import { resolveTarget } from '../../src/cli/doctor/target.js'
import { startEmulator } from '../../src/emulator/index.js'
import { createCertificate } from '../support/certificate.js'
import { runCommand } from '../support/cli.js'
import { doctor } from '../support/doctor.js'
import { startProxy } from '../support/proxy.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const eventHubs = [{ name: 'orders', partitionCount: 1 }]

/** A message, so that a reader has not long to wait for a sign. */
async function produceOne(at: readonly string[]): Promise<void> {
  expect(await runCommand(['produce', 'orders', ...at], { input: 'x\n' })).toMatchObject({ code: 0 })
}

test('goes through the proxy that is named, and repeats no password', async () => {
  await using emulator = await startEmulator({ eventHubs })
  await using proxy = await startProxy()
  const at = ['--connection-string', emulator.connectionString]
  await produceOne(at)
  const { code, status, output, report } = await doctor([...at, '--proxy', proxy.url('me:p%40ss')])
  expect(status).toMatchObject({ proxy: 'ok', clock: 'ok', connection: 'ok', Send: 'ok', Listen: 'ok' })
  // What names mean, and which ports are open, is the proxy's own matter.
  expect(Object.keys(status)).not.toContain('name resolution')
  expect(code).toBe(0)
  expect(proxy.targets.length).toBeGreaterThan(1)
  expect(report.write[0]).toContain("transport: 'websockets', proxy: process.env.HTTPS_PROXY")
  expect(output).not.toMatch(/p(@|%40)ss/)
})

test.each([
  ['a proxy that wants a password', 'me:wrong', 'wants a password', 'user:password@host:port'],
  ['no proxy at all', undefined, 'ECONNREFUSED', 'Check the address of the proxy'],
])('tells of %s', async (_, user, detail, remedy) => {
  await using emulator = await startEmulator({ eventHubs })
  const proxy = await startProxy()
  const url = proxy.url(user ?? 'me:p%40ss')
  if (user === undefined) await proxy[Symbol.asyncDispose]()
  const { code, of, report } = await doctor(['--connection-string', emulator.connectionString, '--proxy', url])
  await proxy[Symbol.asyncDispose]()
  expect(of('proxy')).toMatchObject({ status: 'failed', remedy: expect.stringContaining(remedy) })
  expect(of('proxy')?.detail).toContain(detail)
  expect(of('connection')?.status).toBe('skipped')
  expect(report.fails).toContain('proxy')
  expect(code).toBe(1)
})

test('tells of a proxy that is no URL', async () => {
  await using emulator = await startEmulator({ eventHubs })
  const at = ['--connection-string', emulator.connectionString]
  const { of, output } = await doctor([...at, '--proxy', 'http://me:p/a#s@proxy:3128'])
  expect(of('proxy')).toMatchObject({ status: 'failed', remedy: expect.stringContaining('percent-encode') })
  expect(output).not.toContain('p/a#s')
})

test.each([
  [{}, true],
  [{ NO_PROXY: 'localhost' }, false],
] as const)('takes the proxy that the environment names, as programs do (%j: %s)', async (environment, isProxied) => {
  const certificate = createCertificate()
  await using emulator = await startEmulator({ eventHubs, tls: certificate })
  await using proxy = await startProxy()
  for (const name of ['ALL_PROXY', 'NO_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name.toLowerCase(), '')
  vi.stubEnv('NO_PROXY', '')
  for (const [name, value] of Object.entries({ ...environment, HTTPS_PROXY: proxy.url('me:p%40ss') })) {
    vi.stubEnv(name, value)
  }
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  const file = join(folder, 'config.json')
  const { connectionString, port } = emulator
  const ssl = { ca: certificate.cert, servername: 'localhost' }
  const options = { connectionString, customEndpointAddress: `sb://localhost:${port}`, transport: 'websockets' }
  await writeFile(file, JSON.stringify({ ssl, eventHubs: options }))
  await produceOne(['--config', file])
  const { status, of } = await doctor(['--config', file])
  await rm(folder, { recursive: true })
  expect(status).toMatchObject({ proxy: 'ok', [`TLS on ${port}`]: 'ok', connection: 'ok', Send: 'ok' })
  expect(of('proxy')?.detail).toContain(isProxied ? 'opens a tunnel' : 'none')
})

test.each([
  [-20 * 60_000, 'failed', '1200 s ahead of the service'],
  [20 * 60_000, 'failed', '1200 s behind the service'],
  [-60_000, 'warning', '60 s ahead of the service'],
  [0, 'ok', 'agrees with the service'],
])('tells a clock that differs from the service by %i ms', async (skew, status, detail) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { date: new Date(Date.now() + skew).toUTCString() }).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = await resolveTarget({ brokers: [`localhost:${port}`] })
  const findings: Finding[] = []
  for await (const finding of examineNetwork(target, { amqp: false, https: false })) findings.push(finding)
  server.close()
  const clock = findings.find(({ step }) => step === 'clock')
  expect(clock?.status).toBe(status)
  // The header tells whole seconds.
  const about = (text = '') => text.replace(/\d+/, (digits) => String(Math.round(Number(digits) / 10) * 10))
  expect(about(clock?.detail)).toBe(detail)
})

test('goes on over 443 where 5671 is closed, and writes it into the configuration', async () => {
  await using emulator = await startEmulator({ tls: createCertificate() })
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  // The name of a namespace, for which there are two ports; the address is this machine's.
  const target = { ...(await resolveTarget({ brokers: ['ns.servicebus.windows.net'] })), host: '127.0.0.1' }
  const reach: Reach = { amqp: false, https: false }
  const findings: Finding[] = []
  for await (const finding of examineNetwork(target, reach, { amqps: port, https: emulator.port })) {
    findings.push(finding)
  }
  const status = Object.fromEntries(findings.map(({ step, status }) => [step, status]))
  // Its certificate is its own: that is told, too.
  expect(status).toMatchObject({
    [`port ${port}`]: 'failed',
    [`port ${emulator.port}`]: 'ok',
    [`TLS on ${emulator.port}`]: 'failed',
    clock: 'ok',
  })
  expect(openTransport(target, reach)).toBe('websockets')
  const access = { connected: true, listen: true, send: true, manage: true, topics: [], topic: undefined }
  const examined = { target, reach, access, store: true, storeName: undefined, options: ['auth: azureAdAuth()'] }
  const { write } = conclude({ ...examined, findings })
  expect(write[0]).toContain("eventHubs: { transport: 'websockets', auth: azureAdAuth(), checkpointStore: ")
})

test.each([
  ['amqp', { amqp: true, https: true }, 'amqp'],
  ['amqp', { amqp: false, https: true }, 'websockets'],
  ['amqp', { amqp: false, https: false }, undefined],
  ['websockets', { amqp: true, https: true }, 'websockets'],
  ['websockets', { amqp: true, https: false }, undefined],
] as const)('with %s configured and %j open goes on over %s', async (transport, reach, expected) => {
  const target = await resolveTarget({ brokers: ['ns.servicebus.windows.net'], eventHubs: { transport } })
  expect(openTransport(target, reach)).toBe(expected)
})

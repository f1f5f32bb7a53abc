import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import { createCertificate } from '../support/certificate.js'

/** Debian's Python, whose packages these are; another one may stand before it in the path. */
const PYTHON = '/usr/bin/python3'

/** Why clients of a package can't be run here; undefined when they can. */
function missing(module: string): string | undefined {
  const { error, status } = spawnSync(PYTHON, ['-c', `import ${module}`], { timeout: 20_000 })
  if (error) return `there is no ${PYTHON}`
  return status === 0 ? undefined : `${PYTHON} has no module ${module}`
}

async function run(program: string, ...args: string[]): Promise<string> {
  const child = spawn(PYTHON, [join(import.meta.dirname, 'python', program), ...args], { timeout: 100_000 })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += String(data)
    })
  }
  const [code] = (await once(child, 'close')) as [number]
  // Proton's bindings may complain behind it, when the interpreter ends.
  return code === 0 && output.split('\n').includes('ok') ? 'ok' : output
}

const eventHubs = [{ name: 'hub', partitionCount: 2 }]

test('Qpid Proton publishes and reads', { timeout: 120_000 }, async ({ skip }) => {
  const reason = missing('proton')
  if (reason) skip(reason)
  await using emulator = await startEmulator({ eventHubs, autoCreateEventHubs: false })
  expect(await run('qpid_proton.py', String(emulator.port))).toBe('ok')
})

test('azure-eventhub for Python asks, publishes and reads', { timeout: 120_000 }, async ({ skip }) => {
  const reason = missing('azure.eventhub')
  if (reason) skip(reason)
  const certificate = createCertificate()
  const directory = await mkdtemp(join(tmpdir(), 'python-'))
  try {
    const ca = join(directory, 'ca.pem')
    await writeFile(ca, certificate.cert)
    await using emulator = await startEmulator({ eventHubs, autoCreateEventHubs: false, tls: certificate })
    expect(await run('azure_eventhub.py', String(emulator.port), ca)).toBe('ok')
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('librdkafka joins a Kafka group as static members', { timeout: 120_000 }, async ({ skip }) => {
  const reason = missing('confluent_kafka')
  if (reason) skip(reason)
  await using emulator = await startEmulator({ eventHubs, autoCreateEventHubs: false })
  const { brokers, sasl } = emulator.kafkaEndpointConfig()
  expect(await run('static_member.py', brokers[0] ?? '', sasl.password)).toBe('ok')
})

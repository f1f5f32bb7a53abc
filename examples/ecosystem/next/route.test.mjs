import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { startEmulator } from 'kafkajs/emulator'

test('the route handler, bundled by next build, sends', async () => {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
  const server = spawn(process.execPath, [next, 'start', '--port', '0'], {
    env: { ...process.env, BROKER: `localhost:${emulator.port}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const address = await new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error(`next start ended: ${output}`)))
    server.stdout.on('data', (chunk) => {
      output += chunk
      const [, port] = /http:\/\/localhost:([1-9]\d*)/.exec(output) ?? []
      if (port && output.includes('Ready')) resolve(`http://localhost:${port}`)
    })
  })
  const response = await fetch(`${address}/orders`, { method: 'POST', body: 'espresso' })
  assert.equal(response.status, 202)
  assert.equal(emulator.stats.eventsStored, 1)
  server.removeAllListeners('exit')
  server.kill('SIGKILL')
  await once(server, 'exit')
  await emulator.close()
})

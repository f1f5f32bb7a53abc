import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from '../../src/cli/clients.js'
import { type Console, startConsole } from '../../src/cli/console/server.js'
import { processTerminal } from '../../src/cli/terminal.js'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { Kafka, Partitioners } from '../../src/index.js'

export interface OpenConsole extends AsyncDisposable {
  readonly console: Console
  readonly emulator: Emulator
  /** Sees the same groups as the console. */
  readonly kafka: Kafka
  /** The address without the token. */
  readonly origin: string
  /** What a browser has after it was given the address. */
  signIn(): Promise<{ cookie: string; csrfToken: string }>
  send(topic: string, values: readonly string[], partition?: number): Promise<void>
}

/** A console of an emulator with the topic `orders` of two partitions. */
export async function openConsole(options: { isReadOnly?: boolean; hasFaults?: boolean } = {}): Promise<OpenConsole> {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
  const folder = await mkdtemp(join(tmpdir(), 'console-'))
  const store = `file:${folder}`
  const args = { connectionString: emulator.connectionString, store }
  const console = await startConsole({
    connection: await createConnection(args, { ...processTerminal(), env: {} }),
    namespace: `localhost:${emulator.port}`,
    version: '0.0.0',
    port: 0,
    isReadOnly: options.isReadOnly ?? true,
    ...(options.hasFaults && { emulator }),
    pageFolder: join(import.meta.dirname, '../../src/cli/console/page'),
    sampleEveryMs: 500,
  })
  const kafka = new Kafka({
    clientId: 'test',
    logLevel: 1,
    eventHubs: { connectionString: emulator.connectionString, checkpointStore: store },
  })
  const origin = `http://localhost:${console.port}`
  return {
    console,
    emulator,
    kafka,
    origin,
    async signIn() {
      const welcome = await fetch(console.url, { redirect: 'manual' })
      const cookie = welcome.headers.get('set-cookie')?.split(';')[0] ?? ''
      const info = (await (await fetch(`${origin}/api/info`, { headers: { cookie } })).json()) as { csrfToken: string }
      return { cookie, csrfToken: info.csrfToken }
    },
    async send(topic, values, partition) {
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
      await producer.connect()
      await producer.send({
        topic,
        messages: values.map((value) => ({ key: 'k', value, ...(partition !== undefined && { partition }) })),
      })
      await producer.disconnect()
    },
    async [Symbol.asyncDispose]() {
      await console.close()
      await emulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

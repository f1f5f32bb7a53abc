import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from '../../src/cli/clients.js'
import type { RequestLimits } from '../../src/cli/console/api.js'
import { type Console, startConsole } from '../../src/cli/console/server.js'
import { processTerminal } from '../../src/cli/terminal.js'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { Kafka, Partitioners } from '../../src/index.js'

/** A console that is served, and what a browser does to get in. */
export interface ServedConsole {
  readonly console: Console
  /** The address without the token. */
  readonly origin: string
  /** What a browser has after it was given the address. */
  signIn(): Promise<{ cookie: string; csrfToken: string }>
}

/** Serves a console of an emulator that is there. */
export async function serveConsole(options: {
  readonly connectionString: string
  readonly store: string
  readonly isReadOnly?: boolean | undefined
  readonly isOwnEmulator?: boolean | undefined
  readonly limits?: Partial<RequestLimits> | undefined
}): Promise<ServedConsole> {
  const { connectionString, store, isReadOnly = true, isOwnEmulator = false, limits } = options
  const console = await startConsole({
    connection: await createConnection({ connectionString, store }, { ...processTerminal(), env: {} }),
    namespace: /sb:..([^;]+)/.exec(connectionString)?.[1] ?? '',
    version: '0.0.0',
    port: 0,
    isReadOnly,
    isOwnEmulator,
    pageFolder: join(import.meta.dirname, '../../src/cli/console/page'),
    sampleEveryMs: 500,
    limits,
  })
  const origin = `http://localhost:${console.port}`
  return {
    console,
    origin,
    async signIn() {
      const welcome = await fetch(console.url, { redirect: 'manual' })
      const cookie = welcome.headers.get('set-cookie')?.split(';')[0] ?? ''
      const info = (await (await fetch(`${origin}/api/info`, { headers: { cookie } })).json()) as { csrfToken: string }
      return { cookie, csrfToken: info.csrfToken }
    },
  }
}

export interface OpenConsole extends ServedConsole, AsyncDisposable {
  readonly emulator: Emulator
  /** Sees the same groups as the console. */
  readonly kafka: Kafka
  send(topic: string, values: readonly string[], partition?: number): Promise<void>
}

/**
 * A console of an emulator with the topic `orders` of two partitions. `faults`: whether the emulator takes requests for them,
 * as the one that the console started itself or as somebody else's.
 */
export async function openConsole(
  options: { isReadOnly?: boolean; faults?: 'own' | 'foreign'; limits?: Partial<RequestLimits> } = {},
): Promise<OpenConsole> {
  const emulator = await startEmulator({
    eventHubs: [{ name: 'orders', partitionCount: 2 }],
    faultsOverHttp: options.faults !== undefined,
  })
  const folder = await mkdtemp(join(tmpdir(), 'console-'))
  const { connectionString } = emulator
  const store = `file:${folder}`
  const isOwnEmulator = options.faults === 'own'
  const served = await serveConsole({
    connectionString,
    store,
    isReadOnly: options.isReadOnly,
    isOwnEmulator,
    limits: options.limits,
  })
  const kafka = new Kafka({
    clientId: 'test',
    logLevel: 1,
    eventHubs: { connectionString, checkpointStore: store },
  })
  return {
    ...served,
    emulator,
    kafka,
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
      await served.console.close()
      await emulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

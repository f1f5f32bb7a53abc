import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** A blob service of its own: Microsoft's emulator, in a process. */
export interface Azurite extends AsyncDisposable {
  readonly accountUrl: string
  readonly accountName: string
  readonly accountKey: string
  readonly connectionString: string
  /** The string form of a checkpoint store. */
  containerUrl(container: string): string
  /** Connections are refused from now on. */
  stop(): Promise<void>
  /** Back at the same port with what it held. */
  start(): Promise<void>
  /** Takes connections and answers nothing, until `resume()`. */
  pause(): void
  resume(): void
}

/** Starts Azurite on a free port. Its data goes with it. */
export async function startAzurite(): Promise<Azurite> {
  const location = await mkdtemp(join(tmpdir(), 'azurite-'))
  let server = await launch(location, 0)
  const { port } = server
  const accountUrl = `http://127.0.0.1:${port}/${ACCOUNT}`

  return {
    accountUrl,
    accountName: ACCOUNT,
    accountKey: KEY,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${accountUrl};`,
    containerUrl: (container) => `${accountUrl}/${container}`,
    stop: () => end(server.child),
    async start() {
      server = await launch(location, port)
    },
    pause: () => void server.child.kill('SIGSTOP'),
    resume: () => void server.child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end(server.child)
      await rm(location, { recursive: true, force: true })
    },
  }
}

async function launch(location: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const options = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', location]
  const child = spawn(process.execPath, [program, '--blobPort', String(port), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const orphaned = () => child.kill('SIGKILL')
  process.once('exit', orphaned)
  child.once('exit', () => process.off('exit', orphaned))

  for await (const line of createInterface({ input: child.stdout })) {
    const found = /listens on http:\/\/[^:]+:(\d+)/.exec(line)?.[1]
    if (found) {
      child.stdout.resume()
      return { child, port: Number(found) }
    }
  }
  throw new Error('Azurite ended before it listened')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGCONT')
  // It writes its data when it is told to end, not when it is killed.
  child.kill('SIGTERM')
  await exited
}

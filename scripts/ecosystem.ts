/**
 * Runs the packages of `examples/ecosystem`: programs as users of kafkajs write them, with what they use beside it, into which
 * this package, packed, is installed as `kafkajs`.
 *
 *     npm run test:ecosystem                  all of them
 *     npm run test:ecosystem -- jest nestjs   some
 *     npm run test:ecosystem -- --lock jest   also writes their lock files anew
 *
 * Each is copied to a folder outside the repository, so that nothing is found but what it installs. It needs the registry.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { pack } from './pack.js'

const repository = fileURLToPath(new URL('..', import.meta.url))
const examples = join(repository, 'examples/ecosystem')

/** Most that installing one, or running its test, may take, ms. */
const LIMIT = 6 * 60 * 1000

interface Lock {
  packages: Record<string, { integrity?: string }>
}

const exec = promisify(execFile)

/** Runs npm, without the settings of the npm that runs this program. */
async function npm(args: string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  const { stdout, stderr } = await exec('npm', args, {
    cwd,
    timeout: LIMIT,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...env, NODE_ENV: '' },
  })
  return stdout + stderr
}

/** The lock file without this package's entry: npm then takes what was packed, and holds on to all the rest. */
async function readLock(folder: string): Promise<Lock | undefined> {
  const text = await readFile(join(folder, 'package-lock.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lock = JSON.parse(text) as Lock
  delete lock.packages['node_modules/kafkajs']
  return lock
}

async function writeLock(folder: string, lock: Lock): Promise<void> {
  await writeFile(join(folder, 'package-lock.json'), `${JSON.stringify(lock, undefined, 2)}\n`)
}

async function run(name: string, workspace: string, renewLock: boolean): Promise<void> {
  const folder = join(workspace, name)
  await cp(join(examples, name), folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const lock = await readLock(folder)
  if (lock && !renewLock) await writeLock(folder, lock)
  else await rm(join(folder, 'package-lock.json'), { force: true })
  await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], folder)
  if (renewLock) await writeLock(join(examples, name), (await readLock(folder)) as Lock)
  await npm(['test', '--silent'], folder)
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { lock: { type: 'boolean' } } })
const folders = await readdir(examples, { withFileTypes: true })
const all = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)
const unknown = positionals.filter((name) => !all.includes(name))
if (unknown.length) throw new Error(`There is no examples/ecosystem/${unknown[0]}; there are ${all.join(', ')}`)

const workspace = await mkdtemp(join(tmpdir(), 'kafkajs-eventhubs-ecosystem-'))
try {
  const { tarball } = await pack(workspace)
  await rename(tarball, join(workspace, 'kafkajs-eventhubs.tgz'))

  const waiting = positionals.length ? positionals : all
  const takeTurns = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const started = Date.now()
      const seconds = () => ((Date.now() - started) / 1000).toFixed(0)
      try {
        await run(name, workspace, values.lock ?? false)
        process.stdout.write(`ok      ${name} (${seconds()} s)\n`)
      } catch (error) {
        process.exitCode = 1
        const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
        process.stdout.write(`FAILED  ${name} (${seconds()} s)\n${message}\n${stdout}${stderr}\n`)
      }
      await rm(join(workspace, name), { recursive: true, force: true })
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, takeTurns))
} finally {
  await rm(workspace, { recursive: true, force: true })
}

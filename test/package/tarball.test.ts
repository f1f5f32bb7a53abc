import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pack } from '../../scripts/pack.js'
import { assertBuilt, repository, run } from './repository.js'

/** A folder in which the packed package is installed; its dependencies are those of the repository. */
let project: string
let files: string[]

beforeAll(async () => {
  assertBuilt()
  project = await mkdtemp(join(tmpdir(), 'kafkajs-eventhubs-'))
  const packed = await pack(project)
  files = packed.files
  const installed = join(project, 'node_modules', 'kafkajs-eventhubs')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', packed.tarball, '-C', installed, '--strip-components', '1'])
  await symlink(join(repository, 'node_modules'), join(installed, 'node_modules'))
})

afterAll(() => rm(project, { recursive: true, force: true }))

const roundTrip = `
async function main() {
  const emulator = await startEmulator()
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'packed' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 't', messages: [{ key: 'k', value: 'packed' }] })
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topics: ['t'], fromBeginning: true })
  await new Promise((resolve) => consumer.run({ eachMessage: async ({ message }) => {
    console.log(String(message.key) + '=' + String(message.value))
    resolve()
  } }))
  await consumer.disconnect()
  await producer.disconnect()
  await emulator.close()
}
main().catch((error) => { console.error(error); process.exitCode = 1 })
`

it('ships what is needed and nothing else', () => {
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'dist/commonjs/cli.js']),
  )
  const others = files.filter((file) => !/^(dist\/|README\.md|LICENSE|CHANGELOG\.md|package\.json)/.test(file))
  expect(others.sort()).toEqual(['src/index.js', 'src/package.json'])
  // A map is of no use without its sources, which are not shipped.
  expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
})

it('works for a program that requires it', async () => {
  const head = `const { Kafka, logLevel } = require('kafkajs-eventhubs')\nconst { startEmulator } = require('kafkajs-eventhubs/emulator')`
  await writeFile(join(project, 'program.cjs'), head + roundTrip)
  expect((await run('node', ['program.cjs'], project)).stdout).toBe('k=packed\n')
})

it('works for a program that imports it', async () => {
  const head = `import { Kafka, logLevel } from 'kafkajs-eventhubs'\nimport { startEmulator } from 'kafkajs-eventhubs/emulator'`
  await writeFile(join(project, 'program.mjs'), head + roundTrip)
  expect((await run('node', ['program.mjs'], project)).stdout).toBe('k=packed\n')
})

it('works for a program that imports the default, as kafkajs users do', async () => {
  const program = `import kafkajs from 'kafkajs-eventhubs'\nconsole.log(new kafkajs.KafkaJSError('x') instanceof Error, Object.keys(kafkajs).length >= 44)`
  await writeFile(join(project, 'default.mjs'), program)
  expect((await run('node', ['default.mjs'], project)).stdout).toBe('true true\n')
})

it('is one copy, however it is loaded: what is registered is there for all', async () => {
  const program = `
    import { createRequire } from 'node:module'
    import kafkajs, { CompressionCodecs, Kafka, KafkaJSError } from 'kafkajs-eventhubs'
    import { startEmulator } from 'kafkajs-eventhubs/emulator'
    const require = createRequire(import.meta.url)
    const required = require('kafkajs-eventhubs')
    console.log(required === kafkajs, required.Kafka === Kafka, required.KafkaJSError === KafkaJSError,
      required.CompressionCodecs === CompressionCodecs, require('kafkajs-eventhubs/emulator').startEmulator === startEmulator)
    const kafka = new Kafka({ brokers: ['localhost:1'], logLevel: 0 })
    const producer = kafka.producer()
    producer.connect().catch(() => undefined)
    for (const { readDiagnostics } of [await import('kafkajs-eventhubs/diagnostics'), require('kafkajs-eventhubs/diagnostics')])
      console.log(readDiagnostics(kafka).producers.length)
    await producer.disconnect()`
  await writeFile(join(project, 'copies.mjs'), program)
  expect((await run('node', ['copies.mjs'], project)).stdout).toBe('true true true true true\n1\n1\n')
})

it('can be stubbed, as kafkajs can: what require gives has plain properties', async () => {
  const program = `
    const kafkajs = require('kafkajs-eventhubs')
    for (const library of [kafkajs, kafkajs.default, require('kafkajs-eventhubs/emulator')]) {
      const properties = Object.values(Object.getOwnPropertyDescriptors(library)).filter(({ enumerable }) => enumerable)
      console.log(properties.length > 0 && properties.every(({ writable, configurable }) => writable && configurable))
    }
    const Fake = class {}
    kafkajs.Kafka = Fake
    console.log(require('kafkajs-eventhubs').Kafka === Fake)`
  await writeFile(join(project, 'stub.cjs'), program)
  expect((await run('node', ['stub.cjs'], project)).stdout).toBe('true\ntrue\ntrue\ntrue\n')
})

it('loads everything with require: Jest has no import() in CommonJS', async () => {
  const scripts = files.filter((file) => file.startsWith('dist/commonjs/') && file.endsWith('.js'))
  expect(scripts.length).toBeGreaterThan(5)
  for (const file of scripts) {
    const text = await readFile(join(project, 'node_modules', 'kafkajs-eventhubs', file), 'utf8')
    const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')
    expect(code.match(/\bimport\(.*/g), file).toBeNull()
  }
})

it('has a command line', async () => {
  const cli = join(project, 'node_modules', 'kafkajs-eventhubs', 'dist', 'commonjs', 'cli.js')
  expect((await run('node', [cli, 'emulator', '--help'], project)).stdout).toContain('--config')
})

it('runs no script where it is installed as a dependency', async () => {
  const { scripts } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { scripts: object }
  const run = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare']
  expect(Object.keys(scripts).filter((name) => run.includes(name))).toEqual([])
})

it('loads no package that connects before there is a connection', async () => {
  const program = `
    const { Kafka, logLevel } = require('kafkajs-eventhubs')
    new Kafka({ brokers: ['localhost:5672'], logLevel: logLevel.NOTHING }).consumer({ groupId: 'g' })
    const late = ['/@azure/event-hubs/', '/@azure/core-amqp/', '/rhea/', '/@azure/identity/', '/@azure/msal-node/', '/@azure/storage-blob/',
      '/@azure/arm-eventhub/', '/@azure/core-rest-pipeline/', '/ws/', '/chunks/emulator']
    console.log(JSON.stringify(late.filter((name) => Object.keys(require.cache).some((file) => file.includes(name)))))`
  await writeFile(join(project, 'lazy.cjs'), program)
  expect((await run('node', ['lazy.cjs'], project)).stdout).toBe('[]\n')
})

it('serves the console and what its page loads, by either path of the command line', async () => {
  for (const kind of ['commonjs', 'esm']) {
    const cli = join(project, 'node_modules', 'kafkajs-eventhubs', 'dist', kind, 'cli.js')
    const args = ['console', '--with-emulator', '--port', '0', '--emulator-port', '0']
    const child = spawn(process.execPath, [cli, ...args], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('close', resolve))
    const url = await new Promise<string>((resolve, reject) => {
      let text = ''
      child.stdout.on('data', (data: Buffer) => {
        text += data.toString()
        const [, found] = /Console: (\S+)/.exec(text) ?? []
        if (found) resolve(found)
      })
      child.once('close', () => reject(new Error(text)))
    })
    const welcome = await fetch(url, { redirect: 'manual' })
    const headers = { cookie: welcome.headers.get('set-cookie')?.split(';')[0] ?? '' }
    for (const path of ['/', '/app.js', '/vendor/preact.js', '/vendor/uplot.css', '/api/topics']) {
      expect((await fetch(new URL(path, url), { headers })).status, `${kind} ${path}`).toBe(200)
    }
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  }
})

it('goes through src/index.js, which tools for tracing replace, whichever way it is loaded', async () => {
  const program = `
    const file = require.resolve('kafkajs-eventhubs').replace(/dist.*/, 'src/index.js')
    const Client = require(file)
    console.log(Client.name, require('kafkajs-eventhubs').Kafka === Client)
    import('kafkajs-eventhubs').then(({ Kafka }) => console.log(Kafka === Client))`
  await writeFile(join(project, 'hooked.cjs'), program)
  expect((await run('node', ['hooked.cjs'], project)).stdout).toBe('Client true\ntrue\n')
})

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { assertBuilt, repository, run } from './repository.js'

/** A folder in which the packed package is installed; its dependencies are those of the repository. */
let project: string
let files: string[]

beforeAll(async () => {
  assertBuilt()
  project = await mkdtemp(join(tmpdir(), 'kafkajs-eventhubs-'))
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project])
  const description = JSON.parse(packed.stdout)
  const [{ filename, files: contents }] = Array.isArray(description) ? description : Object.values(description)
  files = contents.map(({ path }: { path: string }) => path)
  const installed = join(project, 'node_modules', 'kafkajs-eventhubs')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', join(project, filename), '-C', installed, '--strip-components', '1'])
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
    expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'dist/esm/cli.js']),
  )
  expect(files.filter((file) => !/^(dist\/|README\.md|LICENSE|CHANGELOG\.md|package\.json)/.test(file))).toEqual([])
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

it('recognizes its errors across its two copies', async () => {
  const program = `
    import { createRequire } from 'node:module'
    import { KafkaJSError, KafkaJSConnectionError } from 'kafkajs-eventhubs'
    const required = createRequire(import.meta.url)('kafkajs-eventhubs')
    console.log(required.KafkaJSError === KafkaJSError, new required.KafkaJSConnectionError('x') instanceof KafkaJSError,
      new KafkaJSConnectionError('x') instanceof required.KafkaJSConnectionError, new KafkaJSError('x') instanceof required.KafkaJSConnectionError)`
  await writeFile(join(project, 'copies.mjs'), program)
  expect((await run('node', ['copies.mjs'], project)).stdout).toBe('false true true false\n')
})

it('has a command line', async () => {
  const cli = join(project, 'node_modules', 'kafkajs-eventhubs', 'dist', 'esm', 'cli.js')
  expect((await run('node', [cli, 'emulator', '--help'], project)).stdout).toContain('--config')
})

it('loads none of the heavy packages before they are used', async () => {
  const program = `
    require('kafkajs-eventhubs')
    const heavy = ['@azure/identity', '@azure/msal-node', '@azure/storage-blob', '@azure/arm-eventhub', '/dist/commonjs/emulator/']
    console.log(JSON.stringify(heavy.filter((name) => Object.keys(require.cache).some((file) => file.includes(name)))))`
  await writeFile(join(project, 'lazy.cjs'), program)
  expect((await run('node', ['lazy.cjs'], project)).stdout).toBe('[]\n')
})

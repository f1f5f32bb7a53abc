import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

const entry = new URL('../../../src/index.ts', import.meta.url).pathname

it('loads neither the SDK nor @azure/identity nor @azure/msal-node with the package', () => {
  const program = `
    const { azureAdAuth, msalAuth, Kafka } = require(${JSON.stringify(entry)})
    const auth = azureAdAuth()
    msalAuth({ clientId: 'a', tenantId: 'b', clientSecret: 'c' })
    new Kafka({ brokers: ['a:9093'], eventHubs: { auth } }).producer()
    console.log(JSON.stringify(Object.keys(require.cache)))`
  const output = execFileSync(process.execPath, ['--import', 'tsx', '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  })
  const loaded = JSON.parse(output) as string[]
  expect(loaded.some((path) => path.endsWith('src/kafka.ts'))).toBe(true)
  expect(loaded.filter((path) => /node_modules\/@azure\/(event-hubs|identity|msal)/.test(path))).toEqual([])
})

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { unsupportedCalls } from '../../src/admin/unsupported.js'
import { configRefusals } from '../../src/config/refusals.js'
import { kafkajs } from './kafkajs.js'

interface Row {
  readonly name: string
  readonly status: string
  readonly note: string
}

const page = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
const rows: Row[] = page.split('\n').flatMap((line) => {
  const cells = /^\| (`[^|]+?) \| ([^|]*) \| ?(.*?) ?\|$/.exec(line)
  return cells ? [{ name: cells[1]!.replaceAll('`', ''), status: cells[2]!.trim(), note: cells[3]! }] : []
})
const byName = new Map(rows.map((row) => [row.name, row]))

const declarations = (() => {
  const file = createRequire(import.meta.url).resolve('kafkajs/types/index.d.ts')
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022)
})()

/** The members of a type as kafkajs declares it. */
function membersOf(type: string): string[] {
  const found = declarations.statements.find(
    (statement) =>
      (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) && statement.name.text === type,
  )
  if (!found) throw new Error(`kafkajs declares no ${type}`)
  const body = ts.isTypeAliasDeclaration(found) ? found.type : found
  if (!ts.isInterfaceDeclaration(body) && !ts.isTypeLiteralNode(body)) throw new Error(`${type} has no members`)
  return body.members.flatMap(({ name }) => (name ? [name.getText(declarations).replaceAll("'", '')] : []))
}

const kafka = new kafkajs.Kafka({ brokers: [], logLevel: kafkajs.logLevel.NOTHING })
const clients = { producer: kafka.producer(), consumer: kafka.consumer({ groupId: 'g' }), admin: kafka.admin() }
const types = [
  'KafkaConfig',
  'RetryOptions',
  'ProducerConfig',
  'ProducerRecord',
  'Message',
  'RecordMetadata',
  'ConsumerConfig',
  'ConsumerRunConfig',
  'EachMessagePayload',
  'EachBatchPayload',
  'AdminConfig',
]

const names = [
  ...Object.keys(kafkajs),
  ...types.flatMap((type) => membersOf(type).map((member) => `${type}.${member}`)),
  ...membersOf('SASLMechanismOptionsMap').map((mechanism) => `sasl ${mechanism}`),
  ...Object.entries(clients).flatMap(([client, members]) => [
    ...Object.keys(members).map((member) => `${client}.${member}`),
    ...Object.keys(members.events).map((event) => `${client}.events.${event}`),
  ]),
  ...['send', 'sendBatch', 'sendOffsets', 'commit', 'abort', 'isActive'].map((member) => `transaction.${member}`),
]

describe('docs/compatibility.md', () => {
  it('has a row for every name of kafkajs', () => {
    expect(names.length).toBeGreaterThan(180)
    expect(names.filter((name) => !byName.has(name))).toEqual([])
  })

  it('has no row twice, and none without a verdict', () => {
    expect(rows.filter(({ name }, index) => rows.findIndex((row) => row.name === name) !== index)).toEqual([])
    expect(rows.filter(({ status }) => !['same', 'different', 'refused'].includes(status))).toEqual([])
  })

  it('says how what is different differs, and what to do instead of what is refused', () => {
    expect(rows.filter(({ status, note }) => status !== 'same' && note.length < 10)).toEqual([])
  })

  it('calls refused what the code refuses, and nothing else', () => {
    const calls = Object.keys(unsupportedCalls).map((call) => {
      const broker = /^(describe|alter)BrokerConfigs$/.exec(call)
      return broker ? `admin.${broker[1]}Configs of a broker` : `admin.${call}`
    })
    const options = configRefusals.map(({ option }) => option)
    // These are the rows of kafkajs's names for what the refusals stand for.
    const aliases = ['KafkaConfig.socketFactory', 'sasl scram-sha-256', 'sasl scram-sha-512', 'sasl aws']
    const refused = rows.filter(({ status }) => status === 'refused').map(({ name }) => name)
    expect(new Set(refused)).toEqual(new Set([...calls, ...options, ...aliases]))
  })

  it('gives every refused call its reason, and a next step', () => {
    for (const [call, sentence] of Object.entries(unsupportedCalls)) {
      expect(sentence).toContain(call.replace('Broker', ''))
      expect(sentence).toMatch(/: .*\b(assign|list|take|shorten|move|change|watch|look|describe|alter|make)\b/)
    }
  })
})

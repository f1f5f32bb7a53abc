import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Emulator } from '../../../src/emulator/index.js'
import { asText, type Client, type Got, hex } from './records.js'

/** Debian's: its packages belong to this one, not to the python of whoever has another first in the path. */
const PYTHON = '/usr/bin/python3'

/** What a program prints, byte by character: it may be no text. */
function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { maxBuffer: 64 * 1024 * 1024, timeout: 120_000, encoding: 'latin1' },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${command}: ${error.message}\n${stderr}`))
        else resolve(stdout)
      },
    )
    child.stdin?.end(input)
  })
}

function brokerOf(emulator: Emulator): string {
  return `127.0.0.1:${emulator.kafkaPort}`
}

interface Raw {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly [string, string | null][]
}

const base64 = (text: string | null) => (text === null ? null : Buffer.from(text).toString('base64'))
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))

function python(name: string, module: string, script: string): Client {
  const path = new URL(script, import.meta.url).pathname
  const folder = `/usr/lib/python3/dist-packages/${module}`
  const work = async (emulator: Emulator, job: object) => {
    const access = { bootstrap: brokerOf(emulator), password: emulator.connectionString }
    return JSON.parse(await run(PYTHON, [path], JSON.stringify({ ...access, ...job }))) as Record<string, Raw[]>
  }
  return {
    name,
    unavailable: existsSync(folder) ? undefined : `Debian's package of ${module} is not installed`,
    protocol: 'kafka',
    writes: () => true,
    compresses: true,
    async write(emulator, topic, records) {
      const encoded = records.map(({ key, value, headers }) => ({
        key: base64(key),
        value: base64(value),
        headers: headers.map(([header, text]) => [header, base64(text)]),
      }))
      await work(emulator, { mode: 'write', topic, records: encoded })
    },
    async read(emulator, topics) {
      const read = await work(emulator, { mode: 'read', topics, group: name })
      return Object.fromEntries(Object.entries(read).map(([topic, list]) => [topic, list.map(gotOf)]))
    },
  }
}

function gotOf({ key, value, headers }: Raw): Got {
  return {
    key: asText(bytes(key)),
    value: asText(bytes(value)),
    headers: headers.map(([header, text]) => hex(header, bytes(text))),
  }
}

export const confluentPython = python('confluent-kafka (python)', 'confluent_kafka', 'confluent.py')
export const kafkaPython = python('kafka-python', 'kafka', 'kafka_python.py')

/** librdkafka from the command line. It has no empty messages, and its readers print text. */
export const kcat: Client = {
  name: 'kcat',
  unavailable: existsSync('/usr/bin/kcat') ? undefined : 'kcat is not installed',
  protocol: 'kafka',
  writes: ({ value }) => value !== '' && value !== null,
  compresses: true,
  async write(emulator, topic, records) {
    const folder = await mkdtemp(join(tmpdir(), 'kcat-'))
    try {
      for (const codec of ['none', 'gzip']) {
        for (const [index, { key, value, headers }] of records.entries()) {
          const file = join(folder, String(index))
          await writeFile(file, value ?? '')
          const extra = headers.flatMap(([name, text]) => ['-H', `${name}=${text}`])
          const keyed = key === null ? [] : ['-k', key]
          await run('kcat', [...access(emulator), '-P', '-t', topic, '-p', '0', '-z', codec, ...keyed, ...extra, file])
        }
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  async read(emulator, topics) {
    const result: Record<string, Got[]> = {}
    for (const [topic, count] of Object.entries(topics)) {
      const output = await run('kcat', [
        ...access(emulator),
        ...['-C', '-q', '-t', topic, '-p', '0', '-o', 'beginning', '-c', String(count), '-f', '%K\t%S\t%h\t%k\t%s\n'],
      ])
      result[topic] = output.trimEnd().split('\n').map(lineOf)
    }
    return result
  },
}

function access(emulator: Emulator): string[] {
  const options = {
    'bootstrap.servers': brokerOf(emulator),
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.username': '$ConnectionString',
    'sasl.password': emulator.connectionString,
  }
  return Object.entries(options).flatMap(([name, value]) => ['-X', `${name}=${value}`])
}

function lineOf(line: string): Got {
  const [keyLength, valueLength, headers = '', key = '', value = ''] = line.split('\t')
  return {
    key: keyLength === '-1' ? null : key,
    value: valueLength === '-1' ? null : asText(value),
    headers:
      headers === ''
        ? []
        : headers.split(',').map((each) => {
            const equals = each.indexOf('=')
            return hex(each.slice(0, equals), Buffer.from(each.slice(equals + 1), 'latin1'))
          }),
  }
}

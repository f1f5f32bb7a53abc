import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import type { Message, Producer } from '../../exports.js'
import { createConnection } from '../clients.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { CommandError } from '../errors.js'
import type { JsonMessage } from '../message-format.js'
import type { Terminal } from '../terminal.js'
import { parseEscapes, parsePartitions, parseRate, parseSetting } from '../values.js'

interface ProduceArguments extends ConnectionArguments {
  file?: string
  key?: string
  keySeparator?: string
  header?: { name: string; value: string }[]
  partition?: number[]
  rate?: number
  idempotent?: boolean
  json?: boolean
}

/** Sends under way at once: enough for full batches, few enough to know soon that something is wrong. */
const MAX_IN_FLIGHT = 1000

/** `produce`: sends the lines of stdin or of a file. */
export function produceCommand(terminal: Terminal): Command {
  const command = new Command('produce')
    .description('sends each line of stdin, or of a file, as a message')
    .argument('<topic>')
    .option('--file <path>', 'reads it in place of stdin')
    .option('--key <text>', 'key of every message')
    .option('--key-separator <text>', 'what parts key and value in a line, e.g. : or \\t')
    .option('-H, --header <name=value>', 'header of every message; may be repeated', parseSetting)
    .option('--partition <number>', 'partition of every message', parsePartitions)
    .option('--rate <number>', 'messages per second at most', parseRate)
    .option('--idempotent', 'a send that is repeated leaves one copy')
    .option('--json', 'lines are JSON objects as consume --json writes them: value, key, headers, partition, timestamp')
  return addConnectionOptions(command).action((topic: string, args: ProduceArguments) => produce(topic, args, terminal))
}

async function produce(topic: string, args: ProduceArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await createConnection(args, terminal)
  const { Partitioners } = await import('../../exports.js')
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    ...(args.idempotent && { idempotent: true }),
  })
  try {
    await producer.connect()
    const sender = new LineSender(producer, topic)
    if (terminal.errors.isTTY && terminal.input.isTTY && args.file === undefined) {
      terminal.errors.write('A line is a message; Ctrl+D ends\n')
    }
    await sendLines(sender, args, terminal)
    const sent = await sender.finish()
    if (terminal.errors.isTTY) terminal.errors.write(`${sent} ${sent === 1 ? 'message' : 'messages'} sent\n`)
  } finally {
    await producer.disconnect()
  }
}

async function sendLines(sender: LineSender, args: ProduceArguments, { input, interrupted }: Terminal): Promise<void> {
  const source: NodeJS.ReadableStream = args.file === undefined ? input : createReadStream(args.file)
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  const stop = () => lines.close()
  interrupted.addEventListener('abort', stop)
  const parse = createLineParser(args)
  const begin = performance.now()
  // readline tells of no failure of its source.
  const failure = new Promise<never>((_, reject) => source.once('error', reject))
  failure.catch(() => {})
  let number = 0
  try {
    const iterator = lines[Symbol.asyncIterator]()
    for (;;) {
      const { done, value: line } = await Promise.race([iterator.next(), failure, sender.failure])
      if (done || interrupted.aborted) break
      number++
      if (args.rate !== undefined) {
        const due = begin + ((number - 1) * 1000) / args.rate
        const wait = due - performance.now()
        if (wait > 1) await delay(wait, undefined, { signal: interrupted }).catch(() => {})
      }
      await sender.send(parse(line, number))
    }
  } finally {
    interrupted.removeEventListener('abort', stop)
    lines.close()
  }
}

/** Sends without waiting for each one, and knows how many are stored. */
class LineSender {
  readonly #producer: Producer
  readonly #topic: string
  readonly #underWay = new Set<Promise<void>>()
  #stored = 0
  #fail: (error: Error) => void = () => {}
  /** Rejects with the first failure. */
  readonly failure = new Promise<never>((_, reject) => {
    this.#fail = reject
  })

  constructor(producer: Producer, topic: string) {
    this.#producer = producer
    this.#topic = topic
    this.failure.catch(() => {})
  }

  async send(message: Message): Promise<void> {
    const sending: Promise<void> = this.#producer.send({ topic: this.#topic, messages: [message] }).then(
      () => {
        this.#stored++
        this.#underWay.delete(sending)
      },
      (error: Error) => {
        this.#underWay.delete(sending)
        this.#fail(
          new CommandError(`${error.message} (${this.#stored} messages were stored before that)`, { cause: error }),
        )
      },
    )
    this.#underWay.add(sending)
    if (this.#underWay.size >= MAX_IN_FLIGHT) await Promise.race([...this.#underWay, this.failure])
  }

  /** Resolves with how many messages are stored, when all are. */
  async finish(): Promise<number> {
    while (this.#underWay.size > 0) await Promise.race([Promise.all(this.#underWay), this.failure])
    await Promise.race([this.failure, Promise.resolve()])
    return this.#stored
  }
}

/** The parser that makes messages of lines. */
function createLineParser(args: ProduceArguments): (line: string, number: number) => Message {
  const separator = args.keySeparator === undefined ? undefined : parseEscapes(args.keySeparator)
  const common = {
    ...(args.header && { headers: gather(args.header) }),
    ...(args.partition && { partition: args.partition[0] as number }),
    ...(args.key !== undefined && { key: args.key }),
  }
  return (line, number) => {
    if (args.json) return { ...common, ...parseJsonLine(line, number) }
    if (separator === undefined || separator === '') return { ...common, value: line }
    const at = line.indexOf(separator)
    if (at < 0) throw new CommandError(`line ${number} has no ${JSON.stringify(separator)} between key and value`)
    return { ...common, key: line.slice(0, at), value: line.slice(at + separator.length) }
  }
}

/** Headers by name; one that is given twice has two values. */
function gather(entries: readonly { name: string; value: string }[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const { name, value } of entries) {
    const present = headers[name]
    headers[name] = present === undefined ? value : [...[present].flat(), value]
  }
  return headers
}

function parseJsonLine(line: string, number: number): Message {
  let json: JsonMessage
  try {
    json = JSON.parse(line)
  } catch (error) {
    throw new CommandError(`line ${number} is no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof json !== 'object' || json === null || json.value === undefined) {
    throw new CommandError(`line ${number} has no "value"`)
  }
  const { key, value, headers, partition, timestamp } = json
  return {
    value: bytesOf(value, json.valueEncoding),
    ...(key !== undefined && { key: bytesOf(key, json.keyEncoding) }),
    ...(partition !== undefined && { partition }),
    ...(timestamp !== undefined && { timestamp: String(Date.parse(timestamp) || timestamp) }),
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, content]) => [name, headerOf(content, json.headerEncodings?.[name])]),
      ),
    }),
  }
}

const bytesOf = (text: unknown, encoding: 'base64' | undefined): Buffer | string | null => {
  if (text === null) return null
  if (typeof text !== 'string') return JSON.stringify(text)
  return encoding === 'base64' ? Buffer.from(text, 'base64') : text
}

const headerOf = (content: string | string[], encoding: 'base64' | undefined) =>
  Array.isArray(content) ? content.map((item) => bytesOf(item, encoding) ?? '') : (bytesOf(content, encoding) ?? '')

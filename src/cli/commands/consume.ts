import { Command, Option } from 'commander'
import { type Connection, createConnection, warnWithoutStore, withAdmin } from '../clients.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { UsageError } from '../errors.js'
import { type ConsumedMessage, createFormat, toJsonMessage } from '../message-format.js'
import { EndTracker, type Outcome, readTopics, runUntil, type Start } from '../reading.js'
import { handOver, type Terminal, write } from '../terminal.js'
import { parseCount, parseEscapes, parseOffset, parsePartitions, parseTimestamp } from '../values.js'

interface ConsumeArguments extends ConnectionArguments {
  group?: string
  fromBeginning?: boolean
  offset?: bigint
  timestamp?: number
  partition?: number[]
  untilEnd?: boolean
  maxMessages?: number
  timeout?: number
  through?: string
  format: string
  json?: boolean
}

/** `consume`: writes messages to stdout. */
export function consumeCommand(terminal: Terminal): Command {
  const command = new Command('consume')
    .description('writes messages to stdout: those to come, unless told where to begin')
    .argument('<topic...>')
    .option('--group <id>', 'joins this group, begins where it stopped, and commits')
    .option('--from-beginning', 'begins with the oldest message; with --group, where it has committed none')
    .option('--offset <offset>', 'begins there in each partition; -n is the last n messages', parseOffset)
    .option('--timestamp <time>', 'begins with what was stored then: ISO 8601, or ms', parseTimestamp)
    .option('--partition <numbers>', 'reads these only, as in 0,3', parsePartitions)
    .option('--until-end', 'ends where the partitions end now, in place of following')
    .option('-n, --max-messages <count>', 'ends after so many', parseCount)
    .option('--timeout <ms>', 'ends when nothing has come for so long', parseCount)
    .option('--through <name>', 'Event Hubs consumer group to read through, without --group (default: $Default)')
    .addOption(
      new Option(
        '--format <text>',
        'kcat’s: %t topic %p partition %o offset %k key %s value %h headers %T time',
      ).default('%s\\n'),
    )
    .option('--json', 'writes one JSON object per line')
  return addConnectionOptions(command).action((topics: string[], args: ConsumeArguments) =>
    consume(topics, args, terminal),
  )
}

async function consume(topics: string[], args: ConsumeArguments, terminal: Terminal): Promise<void> {
  checkArguments(args)
  const connection = await createConnection(args, terminal)
  const format = args.json ? toLine : createFormat(parseEscapes(args.format))
  const deadline = startIdleTimer(args.timeout, terminal.interrupted)
  let count = 0
  // What it takes to connect is no silence.
  const onStart = () => {
    deadline.refresh()
    const isWaiting = !args.untilEnd && startOf(args).at === 'end' && args.group === undefined
    if (isWaiting && terminal.errors.isTTY) terminal.errors.write('Waiting for messages; Ctrl+C ends\n')
  }
  const onMessage = async (consumed: ConsumedMessage): Promise<Outcome> => {
    deadline.refresh()
    // A group commits what was handed over, and no more.
    if (args.group === undefined) await write(terminal.output, format(consumed), deadline.signal)
    else if (!(await handOver(terminal.output, format(consumed), deadline.signal))) return 'unhandled'
    return ++count !== args.maxMessages
  }
  try {
    const job: Job = { topics, args, connection, terminal, signal: deadline.signal, onMessage, onStart }
    await (args.group === undefined ? readAll(job) : consumeAsGroup(job))
  } finally {
    deadline.clear()
  }
  if (terminal.errors.isTTY) terminal.errors.write(`${count} ${count === 1 ? 'message' : 'messages'}\n`)
}

const toLine = (consumed: ConsumedMessage) => `${JSON.stringify(toJsonMessage(consumed))}\n`

function checkArguments({ group, fromBeginning, offset, timestamp, partition, through }: ConsumeArguments): void {
  const starts = [fromBeginning, offset !== undefined, timestamp !== undefined].filter(Boolean)
  if (starts.length > 1) throw new UsageError('--from-beginning, --offset and --timestamp are three places to begin')
  if (group === undefined) return
  if (offset !== undefined || timestamp !== undefined || partition || through !== undefined) {
    throw new UsageError(
      '--group goes on where the group stopped, in the partitions it is given: --offset, --timestamp, --partition and --through go without it (groups reset moves a group)',
    )
  }
}

interface Job {
  readonly topics: string[]
  readonly args: ConsumeArguments
  readonly connection: Connection
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly onMessage: (consumed: ConsumedMessage) => Promise<Outcome>
  readonly onStart: () => void
}

async function readAll({ topics, args, connection, signal, onMessage, onStart }: Job): Promise<void> {
  await readTopics({
    config: connection.config,
    topics,
    ...(args.partition && { partitions: args.partition }),
    start: startOf(args),
    untilEnd: args.untilEnd ?? false,
    ...(args.through !== undefined && { through: args.through }),
    signal,
    onMessage: async (consumed) => (await onMessage(consumed)) === true,
    onStart,
  })
}

function startOf({ fromBeginning, offset, timestamp, untilEnd }: ConsumeArguments): Start {
  if (offset !== undefined) return { at: 'offset', offset }
  if (timestamp !== undefined) return { at: 'time', timestamp }
  // "Until the end" from the end on would be nothing at all.
  return { at: fromBeginning || untilEnd ? 'beginning' : 'end' }
}

async function consumeAsGroup({ topics, args, connection, terminal, signal, onMessage, onStart }: Job): Promise<void> {
  const { group: groupId = '', fromBeginning = false, untilEnd = false } = args
  warnWithoutStore(connection, terminal)
  const ends = untilEnd ? await endsOfGroup(connection, groupId, topics, fromBeginning) : new EndTracker()
  const over = new AbortController()
  await runUntil({
    kafka: connection.kafka,
    groupId,
    topics,
    fromBeginning,
    signal: AbortSignal.any([signal, over.signal]),
    onAssigned(assignment) {
      onStart()
      if (!untilEnd) return
      ends.keepOnly(assignment)
      if (ends.isReached) over.abort()
    },
    async onMessage(consumed) {
      const goesOn = await onMessage(consumed)
      if (goesOn === 'unhandled') return goesOn
      ends.reach(consumed.topic, consumed.partition, BigInt(consumed.message.offset) + 1n)
      return goesOn && !(untilEnd && ends.isReached)
    },
  })
}

/** The ends of a group, partition by partition. */
async function endsOfGroup({ kafka }: Connection, groupId: string, topics: string[], fromBeginning: boolean) {
  const tracker = new EndTracker()
  await withAdmin(kafka, async (admin) => {
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
      const committed = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]))
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        const position = committed.get(partition) ?? -1n
        const begin = position >= 0n ? position : BigInt(fromBeginning ? low : high)
        tracker.expect(topic, partition, begin, BigInt(high))
      }
    }
  })
  return tracker
}

/** Aborts when it has not been refreshed for so long, or with its parent. */
function startIdleTimer(ms: number | undefined, parent: AbortSignal) {
  const controller = new AbortController()
  const timer = ms === undefined ? undefined : setTimeout(() => controller.abort(), ms)
  return {
    signal: AbortSignal.any([parent, controller.signal]),
    refresh: () => void timer?.refresh(),
    clear: () => clearTimeout(timer),
  }
}

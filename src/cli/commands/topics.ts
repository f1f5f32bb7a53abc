import { Command } from 'commander'
import { createConnection, withAdmin } from '../clients.js'
import { confirm } from '../confirm.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { CommandError } from '../errors.js'
import { type Terminal, writeJson, writeTable } from '../terminal.js'
import { describeTopic, type TopicReport } from '../topic-report.js'
import { parseCount, parseSetting } from '../values.js'

interface TopicArguments extends ConnectionArguments {
  json?: boolean
  partitions?: number
  setting?: { name: string; value: string }[]
  yes?: boolean
}

/** `topics`: event hubs, as Kafka's topics. */
export function topicsCommand(terminal: Terminal): Command {
  const command = new Command('topics').description('lists, describes, creates and deletes topics (event hubs)')
  const add = (child: Command) => {
    command.addCommand(child)
    return addConnectionOptions(child.option('--json', 'writes JSON'))
  }
  add(new Command('list').description('names every topic')).action((args: TopicArguments) => list(args, terminal))
  add(new Command('describe').description('tells partitions, offsets and settings').argument('<topic...>')).action(
    (topics: string[], args: TopicArguments) => describe(topics, args, terminal),
  )
  add(
    new Command('create')
      .description('creates topics')
      .argument('<topic...>')
      .option('--partitions <count>', 'how many partitions', parseCount)
      .option('--setting <name=value>', 'e.g. retention.ms=86400000; may be repeated', parseSetting),
  ).action((topics: string[], args: TopicArguments) => create(topics, args, terminal))
  add(
    new Command('delete')
      .description('deletes topics and their messages')
      .argument('<topic...>')
      .option('-y, --yes', 'does not ask'),
  ).action((topics: string[], args: TopicArguments) => remove(topics, args, terminal))
  return command
}

async function list(args: TopicArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await createConnection(args, terminal)
  const topics = (await withAdmin(kafka, (admin) => admin.listTopics())).sort()
  if (args.json) writeJson(terminal, topics)
  else for (const topic of topics) terminal.output.write(`${topic}\n`)
}

async function describe(topics: string[], args: TopicArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await createConnection(args, terminal)
  const described = await withAdmin(kafka, async (admin) => {
    const found: TopicReport[] = []
    for (const topic of topics) found.push(await describeTopic(admin, topic))
    return found
  })
  if (args.json) return writeJson(terminal, described)
  for (const [index, { topic, partitions, settings }] of described.entries()) {
    if (index > 0) terminal.output.write('\n')
    terminal.output.write(`${topic}: ${partitions.length} partitions\n`)
    const entries = Object.entries(settings)
    if (entries.length > 0) terminal.output.write(`${entries.map(([name, value]) => `${name}=${value}`).join(' ')}\n`)
    writeTable(
      terminal,
      ['partition', 'oldest', 'next', 'messages'],
      partitions.map(({ partition, low, high, messages }) => [partition, BigInt(low), BigInt(high), BigInt(messages)]),
    )
  }
}

async function create(topics: string[], args: TopicArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await createConnection(args, terminal)
  const created = await withAdmin(kafka, (admin) =>
    admin.createTopics({
      topics: topics.map((topic) => ({
        topic,
        ...(args.partitions !== undefined && { numPartitions: args.partitions }),
        ...(args.setting && { configEntries: args.setting }),
      })),
    }),
  )
  if (!created) throw new CommandError(`${topics.join(', ')}: there is a topic of that name already`)
  if (args.json) writeJson(terminal, { created: topics })
  else terminal.output.write(`Created ${topics.join(', ')}\n`)
}

async function remove(topics: string[], args: TopicArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await createConnection(args, terminal)
  if (!(await confirm(`Delete ${topics.join(', ')} and every message in it?`, args.yes, terminal))) {
    throw new CommandError('nothing was deleted')
  }
  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics }))
  if (args.json) writeJson(terminal, { deleted: topics })
  else terminal.output.write(`Deleted ${topics.join(', ')}\n`)
}

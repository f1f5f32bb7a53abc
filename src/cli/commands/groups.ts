import { Command } from 'commander'
import { type Connection, createConnection, warnWithoutStore, withAdmin } from '../clients.js'
import { confirm } from '../confirm.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { CommandError, UsageError } from '../errors.js'
import { describeGroup, type GroupReport } from '../group-report.js'
import { planReset, type ResetTarget } from '../group-reset.js'
import { paint, type Terminal, writeJson, writeTable } from '../terminal.js'
import { parseAbsoluteOffset, parsePartitions, parseRepeated, parseTimestamp } from '../values.js'

interface GroupArguments extends ConnectionArguments {
  json?: boolean
  yes?: boolean
  topic?: string[]
  partition?: number[]
  toEarliest?: boolean
  toLatest?: boolean
  toOffset?: bigint
  toTimestamp?: number
  execute?: boolean
}

/** `groups`: consumer groups, as the checkpoint store knows them. */
export function groupsCommand(terminal: Terminal): Command {
  const command = new Command('groups').description('lists, describes, resets and deletes consumer groups')
  const add = (child: Command) => {
    command.addCommand(child)
    return addConnectionOptions(child.option('--json', 'writes JSON'))
  }
  add(new Command('list').description('names every group the store knows')).action((args: GroupArguments) =>
    list(args, terminal),
  )
  add(
    new Command('describe')
      .description('tells members, committed offsets and lag')
      .argument('<group...>')
      .option('--topic <name>', 'this topic only; may be repeated', parseRepeated),
  ).action((groups: string[], args: GroupArguments) => describe(groups, args, terminal))
  add(
    new Command('reset')
      .description('moves the committed offsets of a group that has no members; shows what it would do')
      .argument('<group>')
      .requiredOption('--topic <name>', 'which topic; may be repeated', parseRepeated)
      .option('--partition <numbers>', 'these partitions only, as in 0,3', parsePartitions)
      .option('--to-earliest', 'to the oldest message')
      .option('--to-latest', 'to the end')
      .option('--to-offset <offset>', 'to this offset', parseAbsoluteOffset)
      .option('--to-timestamp <time>', 'to what was stored then', parseTimestamp)
      .option('--execute', 'does it'),
  ).action((group: string, args: GroupArguments) => reset(group, args, terminal))
  add(
    new Command('delete')
      .description('forgets the offsets of groups that have no members')
      .argument('<group...>')
      .option('-y, --yes', 'does not ask'),
  ).action((groups: string[], args: GroupArguments) => remove(groups, args, terminal))
  return command
}

async function connect(args: GroupArguments, terminal: Terminal): Promise<Connection> {
  const connection = await createConnection(args, terminal)
  warnWithoutStore(connection, terminal)
  return connection
}

async function list(args: GroupArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await connect(args, terminal)
  const groups = await withAdmin(kafka, async (admin) => {
    const ids = (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort()
    const { groups } = await admin.describeGroups(ids)
    return groups.map(({ groupId, state, members }) => ({ group: groupId, state, members: members.length }))
  })
  if (args.json) return writeJson(terminal, groups)
  writeTable(
    terminal,
    ['group', 'state', 'members'],
    groups.map(({ group, state, members }) => [group, state, members]),
  )
}

async function describe(groupIds: string[], args: GroupArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await connect(args, terminal)
  const reports = await withAdmin(kafka, async (admin) => {
    const found: GroupReport[] = []
    for (const groupId of groupIds) found.push(await describeGroup(admin, groupId, args.topic))
    return found
  })
  // A store that can't list its groups knows of none that it does not exist.
  const known = reports.filter(({ state }) => state !== 'Dead')
  if (args.json) writeJson(terminal, known)
  for (const [index, report] of (args.json ? [] : known).entries()) {
    if (index > 0) terminal.output.write('\n')
    writeReport(report, terminal)
  }
  const unknown = reports.filter((report) => !known.includes(report))
  if (unknown.length > 0) {
    throw new CommandError(unknown.map(({ group }) => `Consumer group '${group}' does not exist.`).join(' '))
  }
}

function writeReport({ group, state, members, partitions, lag }: GroupReport, terminal: Terminal): void {
  const { output } = terminal
  output.write(`${paint(output, 'bold', group)}: ${state}, ${members.length} members, lag ${lag}\n`)
  writeTable(
    terminal,
    ['topic', 'partition', 'committed', 'end', 'lag', 'member'],
    partitions.map(({ topic, partition, committed, end, lag, member }) => [
      topic,
      partition,
      committed === null ? undefined : BigInt(committed),
      BigInt(end),
      BigInt(lag),
      member ?? '',
    ]),
  )
}

async function reset(groupId: string, args: GroupArguments, terminal: Terminal): Promise<void> {
  const target = targetOf(args)
  const { kafka } = await connect(args, terminal)
  const changes = await withAdmin(kafka, async (admin) => {
    const planned = await planReset(admin, { groupId, topics: args.topic ?? [], partitions: args.partition, target })
    if (args.execute) {
      for (const topic of args.topic ?? []) {
        const partitions = planned.filter((change) => change.topic === topic)
        if (partitions.length === 0) continue
        await admin.setOffsets({
          groupId,
          topic,
          partitions: partitions.map(({ partition, to }) => ({ partition, offset: to })),
        })
      }
    }
    return planned
  })
  if (args.json) return writeJson(terminal, { group: groupId, executed: args.execute ?? false, changes })
  writeTable(
    terminal,
    ['topic', 'partition', 'from', 'to'],
    changes.map(({ topic, partition, from, to }) => [
      topic,
      partition,
      from === null ? undefined : BigInt(from),
      BigInt(to),
    ]),
  )
  terminal.output.write(args.execute ? 'Done\n' : 'Nothing is changed yet: add --execute to do it\n')
}

function targetOf({ toEarliest, toLatest, toOffset, toTimestamp }: GroupArguments): ResetTarget {
  const targets: ResetTarget[] = []
  if (toEarliest) targets.push({ to: 'earliest' })
  if (toLatest) targets.push({ to: 'latest' })
  if (toOffset !== undefined) targets.push({ to: 'offset', offset: toOffset })
  if (toTimestamp !== undefined) targets.push({ to: 'time', timestamp: toTimestamp })
  const [target, another] = targets
  if (!target || another) {
    throw new UsageError('Say where to: one of --to-earliest, --to-latest, --to-offset and --to-timestamp')
  }
  return target
}

async function remove(groupIds: string[], args: GroupArguments, terminal: Terminal): Promise<void> {
  const { kafka } = await connect(args, terminal)
  if (!(await confirm(`Forget the offsets of ${groupIds.join(', ')}?`, args.yes, terminal))) {
    throw new CommandError('nothing was deleted')
  }
  await withAdmin(kafka, (admin) => admin.deleteGroups(groupIds))
  if (args.json) writeJson(terminal, { deleted: groupIds })
  else terminal.output.write(`Deleted ${groupIds.join(', ')}\n`)
}

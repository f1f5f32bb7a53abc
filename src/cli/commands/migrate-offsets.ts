import { Command, Option } from 'commander'
import type { KafkaConfig } from '../../exports.js'
import { createConnection, hasStore } from '../clients.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { CommandError, UsageError } from '../errors.js'
import { type MigratedOffset, migrateOffsets } from '../offset-migration.js'
import { hideTimerWarnings, loadKafkajs, toKafkaEndpoint } from '../original-kafkajs.js'
import { type Terminal, writeJson, writeTable } from '../terminal.js'
import { parseRepeated } from '../values.js'

interface MigrationArguments extends ConnectionArguments {
  from: 'kafka' | 'store'
  group: string[]
  topic?: string[]
  kafkaBrokers?: string
  overwrite?: boolean
  execute?: boolean
  json?: boolean
}

/** `migrate-offsets`: from the Kafka endpoint to a checkpoint store, and back. */
export function migrateOffsetsCommand(terminal: Terminal): Command {
  const command = new Command('migrate-offsets')
    .description(
      'carries committed offsets from the Kafka endpoint of a namespace to a checkpoint store, or back; shows what it would do',
    )
    .addOption(new Option('--from <side>', 'where they come from').choices(['kafka', 'store']).default('kafka'))
    .requiredOption('--group <id>', 'which group; may be repeated', parseRepeated)
    .option('--topic <name>', 'this topic only; may be repeated', parseRepeated)
    .option('--kafka-brokers <host:port>', 'the Kafka endpoint (default: port 9093 of the namespace)')
    .option('--overwrite', 'also where the other side has an offset already')
    .option('--execute', 'does it')
    .option('--json', 'writes JSON')
  return addConnectionOptions(command).action((args: MigrationArguments) => migrate(args, terminal))
}

async function migrate(args: MigrationArguments, terminal: Terminal): Promise<void> {
  const connection = await createConnection(args, terminal)
  if (!hasStore(connection)) {
    throw new UsageError('Name the checkpoint store: --store https://<account>.blob.core.windows.net/<container>')
  }
  const { Kafka } = loadKafkajs()
  const brokers = args.kafkaBrokers?.split(',')
  const endpoint: KafkaConfig = toKafkaEndpoint(connection.config, brokers ? { brokers } : {})
  const kafka = new Kafka(endpoint).admin()
  const store = connection.kafka.admin()
  const showTimerWarnings = hideTimerWarnings()
  let outcomes: MigratedOffset[]
  try {
    await kafka.connect()
    await store.connect()
    const [from, to] = args.from === 'kafka' ? [kafka, store] : [store, kafka]
    outcomes = await migrateOffsets({
      from,
      to,
      groupIds: args.group,
      ...(args.topic && { topics: args.topic }),
      dryRun: !args.execute,
      overwrite: args.overwrite ?? false,
    })
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error })
  } finally {
    await Promise.all([kafka.disconnect(), store.disconnect()])
    showTimerWarnings()
  }
  if (args.json) writeJson(terminal, { executed: args.execute ?? false, offsets: outcomes })
  else writeOutcomes(outcomes, args, terminal)
}

function writeOutcomes(outcomes: readonly MigratedOffset[], args: MigrationArguments, terminal: Terminal): void {
  if (outcomes.length === 0) {
    terminal.output.write(
      `The ${args.from === 'kafka' ? 'Kafka endpoint' : 'store'} has no offsets of ${args.group.join(', ')}\n`,
    )
    return
  }
  writeTable(
    terminal,
    ['group', 'topic', 'partition', 'committed', 'set', 'note'],
    outcomes.map(({ group, topic, partition, committed, set, note }) => [
      group,
      topic,
      partition,
      BigInt(committed),
      set === undefined ? undefined : BigInt(set),
      note ?? '',
    ]),
  )
  terminal.output.write(args.execute ? 'Done\n' : 'Nothing is changed yet: add --execute to do it\n')
}

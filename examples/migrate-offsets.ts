/**
 * Carries committed offsets from the Kafka endpoint of a namespace to a checkpoint store, or back.
 *
 * What consumers commit through the Kafka endpoint is kept by the service and cannot be seen over AMQP. The offsets
 * themselves are the same numbers: a Kafka offset is the sequence number of the event.
 *
 *     npm install --no-save kafkajs-eventhubs original-kafkajs@npm:kafkajs@2.2.4
 *     EVENTHUBS_CONNECTION_STRING='Endpoint=sb://…' KAFKAJS_EVENTHUBS_CHECKPOINT_STORE='https://…' \
 *       npx tsx migrate-offsets.ts --group billing --topic orders [--dry-run] [--overwrite] [--back]
 *
 * kafkajs has another name there, as its own may be an alias of this package. Stop the consumers of a group before its
 * offsets are carried over.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type Admin, Kafka } from 'kafkajs-eventhubs'

/** What is needed of either side's admin client; kafkajs's has the same. */
export type OffsetsAdmin = Pick<Admin, 'fetchOffsets' | 'fetchTopicOffsets' | 'setOffsets'>

/** Where offsets come from and go to. */
export interface Migration {
  /** E.g. kafkajs's admin client, on the Kafka endpoint. */
  readonly from: Pick<OffsetsAdmin, 'fetchOffsets'>
  /** E.g. this package's, with a checkpoint store. */
  readonly to: OffsetsAdmin
  readonly groupIds: readonly string[]
  /** Left out: every topic that `from` has offsets of. */
  readonly topics?: readonly string[]
  /** Says what would be done. */
  readonly dryRun?: boolean
  /** Also where `to` has an offset already: by default it is kept, so that a second run harms nobody. */
  readonly overwrite?: boolean
}

/** What became of one committed offset. */
export interface MigratedOffset {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  /** As `from` had it. */
  readonly committed: string
  /** What was set; undefined: nothing was. */
  readonly set?: string
  /** Why it is another one, or none. */
  readonly note?: string
}

/** Carries the offsets over, group by group. Rejects while a group has members on the side it is carried to. */
export async function migrateOffsets(migration: Migration): Promise<MigratedOffset[]> {
  const { from, to, groupIds, topics = [], dryRun = false, overwrite = false } = migration
  const outcomes: MigratedOffset[] = []
  for (const groupId of groupIds) {
    for (const { topic, partitions } of await from.fetchOffsets({ groupId, topics: [...topics] })) {
      const committed = partitions.filter(({ offset }) => Number(offset) >= 0)
      if (committed.length === 0) continue
      const ends = await endsOf(topic, to)
      const [existing] = await to.fetchOffsets({ groupId, topics: [topic] })
      const present = new Map(existing?.partitions.map(({ partition, offset }) => [partition, offset]))

      const decided = committed.map(({ partition, offset }): MigratedOffset => {
        const outcome = { groupId, topic, partition, committed: offset }
        const end = ends.get(partition)
        const kept = present.get(partition) ?? '-1'
        if (!end) return { ...outcome, note: ends.size === 0 ? 'there is no such topic' : 'there is no such partition' }
        if (kept !== '-1' && !overwrite) return { ...outcome, note: `kept ${kept}, which is there already` }
        if (Number(offset) > Number(end.high)) {
          return { ...outcome, note: `lies beyond the end, ${end.high}: is this the same event hub?` }
        }
        if (Number(offset) < Number(end.low)) return { ...outcome, set: end.low, note: 'the oldest that is left' }
        return { ...outcome, set: offset }
      })
      const changes = decided.flatMap(({ partition, set }) => (set === undefined ? [] : [{ partition, offset: set }]))
      if (changes.length > 0 && !dryRun) await to.setOffsets({ groupId, topic, partitions: changes })
      outcomes.push(...decided)
    }
  }
  return outcomes
}

/** Where the partitions begin and end; none when the topic has been deleted, of which offsets may be left. */
async function endsOf(topic: string, to: OffsetsAdmin) {
  const ends = await to.fetchTopicOffsets(topic).catch((error: unknown) => {
    if (isUnknownTopic(error)) return []
    throw error
  })
  return new Map(ends.map((end) => [end.partition, end]))
}

function isUnknownTopic(error: unknown): boolean {
  const { type, cause } = error as { type?: string; cause?: unknown }
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' || (cause !== undefined && isUnknownTopic(cause))
}

/** The command line. */
export async function main(args = process.argv.slice(2)): Promise<MigratedOffset[]> {
  const { values } = parseArgs({
    args,
    options: {
      group: { type: 'string', multiple: true },
      topic: { type: 'string', multiple: true },
      'dry-run': { type: 'boolean' },
      overwrite: { type: 'boolean' },
      back: { type: 'boolean' },
    },
  })
  const connectionString = process.env['EVENTHUBS_CONNECTION_STRING']
  if (!connectionString || !values.group) throw new Error('Set EVENTHUBS_CONNECTION_STRING, and name each --group')
  const host = /Endpoint=sb:\/\/([^/;]+)/i.exec(connectionString)?.[1]

  const original = 'original-kafkajs'
  const { default: kafkajs } = (await import(original)) as { default: typeof import('kafkajs') }
  const isEmulator = /UseDevelopmentEmulator=true/i.test(connectionString)
  const theirs = new kafkajs.Kafka({
    brokers: [isEmulator ? `${host}` : `${host}:9093`],
    ssl: !isEmulator,
    sasl: { mechanism: 'plain', username: '$ConnectionString', password: connectionString },
    connectionTimeout: 10_000,
  }).admin()
  const ours = new Kafka({ eventHubs: { connectionString } }).admin()
  try {
    await theirs.connect()
    const outcomes = await migrateOffsets({
      ...(values.back ? { from: ours, to: theirs } : { from: theirs, to: ours }),
      groupIds: values.group,
      ...(values.topic && { topics: values.topic }),
      dryRun: values['dry-run'] ?? false,
      overwrite: values.overwrite ?? false,
    })
    console.table(outcomes)
    return outcomes
  } finally {
    await Promise.all([theirs.disconnect(), ours.disconnect()])
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()

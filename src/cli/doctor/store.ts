import { randomUUID } from 'node:crypto'
import type { Admin, Kafka } from '../../exports.js'
import { type Connection, hasStore } from '../clients.js'
import { type Finding, failed, ok, skipped, warning, within } from './finding.js'
import type { Target } from './target.js'

const TIMEOUT_MS = 30_000

/** Commits, reads, joins as a member and forgets again, in a group of its own. */
export async function* examineStore(
  {
    connection,
    admin,
    target,
    topic,
    refusal,
  }: {
    connection: Connection
    admin: Admin
    target: Target
    topic: string | undefined
    /** Why `new Kafka()` refuses the store. */
    refusal: Error | undefined
  },
  state: { store: boolean },
): AsyncGenerator<Finding> {
  const step = 'checkpoint store'
  if (refusal) {
    yield failed(
      step,
      messageOf(refusal),
      'Say --store, or KAFKAJS_EVENTHUBS_CHECKPOINT_STORE, in one of these forms; new Kafka() refuses it too',
    )
    return
  }
  if (!hasStore(connection)) {
    const name = 'none is named'
    if (!target.isLocal) {
      yield failed(
        step,
        `${name}: consumers will refuse to run`,
        'eventHubs: { checkpointStore: "https://<account>.blob.core.windows.net/<container>" }, or KAFKAJS_EVENTHUBS_CHECKPOINT_STORE',
      )
      return
    }
    yield warning(
      step,
      `${name}: on an emulator each program keeps its groups in its own memory`,
      'For groups of more than one process: --store file:<directory>, or KAFKAJS_EVENTHUBS_CHECKPOINT_STORE',
    )
  }
  if (topic === undefined) {
    yield skipped(step, 'no event hub to try it with: name one that is there with --topic')
    return
  }
  const groupId = `kafkajs-eventhubs-doctor-${randomUUID()}`
  try {
    const begin = performance.now()
    await within(TIMEOUT_MS, roundTrip(admin, groupId, topic))
    const ms = Math.round(performance.now() - begin)
    yield ok(step, `an offset was committed, read and forgotten, ${ms} ms`)
  } catch (error) {
    yield failed(step, messageOf(error), permissions(error))
    return
  }
  try {
    await within(TIMEOUT_MS, join(connection.kafka, groupId, topic))
    state.store = true
    yield ok('group', 'a member joined, was given partitions and left')
  } catch (error) {
    yield failed('group', messageOf(error), permissions(error))
  } finally {
    // Nothing of it shall be left; a group that is gone already is fine.
    await admin.deleteGroups([groupId]).catch(() => {})
  }
}

async function roundTrip(admin: Admin, groupId: string, topic: string): Promise<void> {
  const [end] = await admin.fetchTopicOffsets(topic)
  if (!end) throw new Error(`${topic} has no partitions`)
  const { partition, high: offset } = end
  await admin.setOffsets({ groupId, topic, partitions: [{ partition, offset }] })
  const [fetched] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const read = fetched?.partitions.find((entry) => entry.partition === partition)?.offset
  if (read !== offset) throw new Error(`${offset} was committed, and ${read} was read`)
  await admin.deleteGroups([groupId])
}

async function join(kafka: Kafka, groupId: string, topic: string): Promise<void> {
  const consumer = kafka.consumer({ groupId, retry: { retries: 1 } })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    const joined = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.GROUP_JOIN, () => resolve())
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    })
    joined.catch(() => {})
    await consumer.run({ autoCommit: false, eachMessage: async () => {} })
    await joined
  } finally {
    await consumer.disconnect()
  }
}

function permissions(error: unknown): string {
  const message = messageOf(error)
  if (/No credential was found/.test(message)) {
    return 'az login, a managed identity on this machine, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET'
  }
  if (/authoriz|permission|403|401|forbidden/i.test(message)) {
    return 'Give the identity the role Storage Blob Data Contributor on the container; a role takes some minutes to work'
  }
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(message)) {
    return 'Check the name of the storage account, its firewall, and that this network resolves it'
  }
  if (/EACCES|EPERM|EROFS/.test(message)) return 'Let this user write to the directory'
  if (/container|404/i.test(message))
    return 'Create the container: az storage container create -n <container> --account-name <account>'
  return 'Check the address of the store, and what may be done there'
}

const messageOf = (error: unknown) => (error as Error).message.split('\n')[0] ?? ''

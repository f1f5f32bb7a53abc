import type { Admin, Kafka, KafkaConfig } from '../../exports.js'
import type { Connection } from '../clients.js'
import { readTopics } from '../reading.js'
import { type Finding, failed, ok, skipped, warning, within } from './finding.js'

/** Larger than any tier takes: it is refused before a byte of it is sent, but not before a link may send. */
const TOO_LARGE = 32 * 1024 * 1024

const TIMEOUT_MS = 30_000

/** The time without trouble that a reader without a message must have. */
const QUIET_MS = 5000

/** The access that is known to be allowed. */
export interface Access {
  connected: boolean
  listen: boolean
  send: boolean
  manage: boolean
  topics: string[]
  /** One that is there, to try things with. */
  topic: string | undefined
}

export interface AccessOptions {
  readonly connection: Connection
  readonly admin: Admin
  /** Undefined: the first there is. */
  readonly topic: string | undefined
  /** Event Hubs consumer group, or Kafka group whose own one may be there. */
  readonly group: string | undefined
}

/** Connects, and tries what each claim is for. Nothing is stored. */
export async function* examineAccess(options: AccessOptions, access: Access): AsyncGenerator<Finding> {
  const { connection, admin } = options
  try {
    await admin.connect()
    access.connected = true
    yield ok('connection', 'the service takes the credential')
  } catch (error) {
    yield failed(
      'connection',
      messageOf(error),
      'The steps above tell where it ends; if they are fine, the credential is of another namespace or has been renewed',
    )
    return
  }
  yield await examineManage(admin, access)
  const topic = options.topic ?? access.topics[0]
  if (topic === undefined) {
    yield skipped('Listen and Send', 'no event hub to try them on: name one with --topic')
    return
  }
  const partitions = await examinePartitions(admin, topic, access)
  yield partitions
  if (partitions.status === 'failed') return
  yield await examineListen(connection, topic, access)
  yield await examineSend(connection.kafka, topic, access)
  yield await examineConsumerGroup(options, topic)
}

async function examineManage(admin: Admin, access: Access): Promise<Finding> {
  try {
    access.topics = (await within(TIMEOUT_MS, admin.listTopics())).sort()
    access.manage = true
    const names = access.topics.slice(0, 5).join(', ')
    const more = access.topics.length > 5 ? ` and ${access.topics.length - 5} more` : ''
    return ok(
      'Manage',
      access.topics.length === 0 ? 'allowed; there is no event hub yet' : `allowed; event hubs: ${names}${more}`,
    )
  } catch (error) {
    return warning(
      'Manage',
      messageOf(error),
      'Needed only to list, create and delete topics: a rule with Manage, the role Azure Event Hubs Data Owner, or --subscription and --resource-group',
    )
  }
}

async function examinePartitions(admin: Admin, topic: string, access: Access): Promise<Finding> {
  const step = `event hub ${topic}`
  try {
    const ends = await within(TIMEOUT_MS, admin.fetchTopicOffsets(topic))
    access.topics = access.topics.length === 0 ? [topic] : access.topics
    access.topic = topic
    const messages = ends.reduce((sum, { low, high }) => sum + BigInt(high) - BigInt(low), 0n)
    return ok(
      step,
      `${ends.length} partitions, ${messages} messages; at most ${ends.length} members of a group read it at once`,
    )
  } catch (error) {
    return failed(step, messageOf(error), 'Create it: topics create, or in the portal; --topic names another one')
  }
}

async function examineListen({ config }: Connection, topic: string, access: Access): Promise<Finding> {
  try {
    await attachReader(config as KafkaConfig, topic, '$Default')
    access.listen = true
    return ok('Listen', `allowed; a reader attaches to ${topic} through $Default`)
  } catch (error) {
    return readerFailure(error, { step: 'Listen', group: '$Default', topic })
  }
}

/**
 * Has a reader attached for a moment. A message is the sign that it is; where there is none, that the partitions were
 * asked and nothing went wrong. What the client would try again in silence, its log tells.
 */
async function attachReader(config: KafkaConfig, topic: string, through: string): Promise<void> {
  const { KafkaJSConnectionError, logLevel } = await import('../../exports.js')
  const controller = new AbortController()
  const troubles: string[] = []
  let isAttached = false
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS)
  try {
    await readTopics({
      config: {
        ...config,
        logLevel: logLevel.WARN,
        logCreator: () => (entry) => {
          troubles.push([entry.log.message, entry.log['error']].filter(Boolean).join(': '))
          // What ends the consumer rejects by itself, without a word of the log around it.
          if (entry.level !== logLevel.ERROR) controller.abort()
        },
      },
      retries: 0,
      maxWaitTimeInMs: QUIET_MS,
      topics: [topic],
      start: { at: 'offset', offset: -1n },
      untilEnd: false,
      through,
      signal: controller.signal,
      onMessage: () => {
        isAttached = true
        return false
      },
      onFetch() {
        isAttached ||= troubles.length === 0
        controller.abort()
      },
    })
  } finally {
    clearTimeout(timer)
  }
  if (isAttached) return
  throw new KafkaJSConnectionError(troubles[0] ?? `no reader attached within ${TIMEOUT_MS} ms`, { broker: topic })
}

function readerFailure(
  error: unknown,
  { step, group, topic }: { step: string; group: string; topic: string },
): Finding {
  const message = messageOf(error)
  if (/quota|five readers|exceeded/i.test(message)) {
    return failed(
      step,
      message,
      `Five readers of a partition is the limit of a consumer group: create one for each Kafka group, named like its groupId`,
    )
  }
  if (/epoch|exclusive|higher/i.test(message)) {
    return ok(step, `allowed; ${group} is being read by a member of a group that has it to itself`)
  }
  if (/not exist|not found|could not be found|consumer group/i.test(message)) {
    return failed(
      step,
      message,
      `Create it: az eventhubs eventhub consumer-group create -g <resource group> --namespace-name <namespace> --eventhub-name ${topic} -n ${group}`,
    )
  }
  return failed(step, message, 'Give the rule Listen, or the identity the role Azure Event Hubs Data Receiver')
}

async function examineSend(kafka: Kafka, topic: string, access: Access): Promise<Finding> {
  const { Partitioners } = await import('../../exports.js')
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 1 } })
  try {
    await producer.connect()
    await within(TIMEOUT_MS, producer.send({ topic, messages: [{ value: Buffer.alloc(TOO_LARGE), partition: 0 }] }))
    return warning('Send', 'allowed, and a message of 32 MiB was stored', 'This is no Event Hubs known to this program')
  } catch (error) {
    if (typesOf(error).includes('MESSAGE_TOO_LARGE')) {
      access.send = true
      return ok('Send', `allowed; nothing was sent to ${topic}`)
    }
    return failed('Send', messageOf(error), 'Give the rule Send, or the identity the role Azure Event Hubs Data Sender')
  } finally {
    await producer.disconnect()
  }
}

async function examineConsumerGroup({ connection, group }: AccessOptions, topic: string): Promise<Finding> {
  const step = 'consumer group'
  const advice = 'five readers of a partition at once are its limit'
  if (group === undefined) return skipped(step, `$Default is read, and ${advice}; --group <id> tries one of your own`)
  try {
    await attachReader(connection.config as KafkaConfig, topic, group)
    return ok(step, `${group} is there, for the Kafka group of that name to have to itself`)
  } catch (error) {
    const finding = readerFailure(error, { step, group, topic })
    if (finding.status !== 'failed') return finding
    return warning(step, finding.detail, `The group ${group} will read $Default, of which ${advice}. ${finding.remedy}`)
  }
}

/** The types of an error and of everything it came of. */
function typesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return []
  const { type, cause, errors } = error as { type?: string; cause?: unknown; errors?: unknown[] }
  return [...(type ? [type] : []), ...typesOf(cause), ...(errors ?? []).flatMap(typesOf)]
}

const messageOf = (error: unknown) => (error as Error).message.split('\n')[0] ?? ''

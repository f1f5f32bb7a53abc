import { NamespaceError } from '../../model/errors.js'
import type { EventHub } from '../../model/hub.js'
import type { EventHubSpec } from '../../model/spec.js'
import { mayUse, type RequestContext } from '../context.js'
import { ERROR, KafkaError } from '../protocol/error-codes.js'
import { CREATE_PARTITIONS, CREATE_TOPICS, DELETE_TOPICS } from '../protocol/schemas/topics.js'
import { handler } from './handler.js'
import { configsOf, retentionFrom } from './topic-configs.js'

/** Does something for one topic; what goes wrong is its error's code and text. */
function attempt(step: () => void): { errorCode: number; errorMessage: string | null } {
  try {
    step()
    return { errorCode: ERROR.none, errorMessage: null }
  } catch (error) {
    if (error instanceof KafkaError) return { errorCode: error.code, errorMessage: error.message }
    if (error instanceof NamespaceError) return { errorCode: CODE_OF[error.reason], errorMessage: error.message }
    throw error
  }
}

/** A refusal of the namespace's comes as a violated policy, with its text. azure-docs #29970. */
const CODE_OF: Readonly<Record<NamespaceError['reason'], number>> = {
  exists: ERROR.topicAlreadyExists,
  'not-found': ERROR.unknownTopicOrPartition,
  invalid: ERROR.policyViolation,
}

function checkManage(context: RequestContext, name: string): void {
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, hub: name })
  if (fault !== undefined) throw new KafkaError(fault, 'A fault that was scripted in the emulator.')
  if (!mayUse(context, name, 'Manage')) throw new KafkaError(ERROR.topicAuthorizationFailed, 'Manage is required.')
}

/** The event hub with its spelling, whatever the client's. */
function existing(context: RequestContext, name: string): EventHub {
  const eventHub = context.service.namespace.getEventHub(name)
  if (!eventHub) throw new KafkaError(ERROR.unknownTopicOrPartition, `The topic '${name}' does not exist.`)
  return eventHub
}

const REPLICATION = 1
const TOPIC_NAME = /^[a-z0-9._-]{1,249}$/i

type CreatableTopic = {
  readonly name: string
  readonly numPartitions: number
  readonly assignments: readonly { readonly partitionIndex: number }[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export const createTopics = handler(CREATE_TOPICS, (context, { topics, validateOnly }) => ({
  topics: topics.map((topic) => {
    const { name } = topic
    const outcome = attempt(() => {
      checkManage(context, name)
      const spec = specOf(context, topic)
      const { namespace } = context.service
      if (namespace.getEventHub(name)) {
        throw new KafkaError(ERROR.topicAlreadyExists, `Topic '${name}' already exists.`)
      }
      if (!validateOnly) namespace.createEventHub(spec)
    })
    const created = outcome.errorCode === ERROR.none ? context.service.namespace.getEventHub(name) : undefined
    return {
      name,
      ...outcome,
      ...(created && {
        numPartitions: created.partitionCount,
        replicationFactor: REPLICATION,
        configs: configsOf(created),
      }),
    }
  }),
}))

function specOf({ service }: RequestContext, topic: CreatableTopic): EventHubSpec {
  const { name, numPartitions, assignments, configs } = topic
  if (!TOPIC_NAME.test(name)) throw new KafkaError(ERROR.invalidTopic, `'${name}' is no name for a topic.`)
  const partitionCount = assignments.length > 0 ? assignments.length : numPartitions
  if (partitionCount === 0 || partitionCount < -1) {
    throw new KafkaError(ERROR.invalidPartitions, 'Number of partitions must be larger than 0.')
  }
  const byDefault = service.settings.autoCreatePartitionCount
  const count = partitionCount === -1 ? byDefault : partitionCount
  return { name, ...retentionFrom(configs), ...(count !== undefined && { partitionCount: count }) }
}

export const deleteTopics = handler(DELETE_TOPICS, (context, { topics, topicNames }) => {
  const names = context.version >= 6 ? topics.map(({ name }) => name ?? '') : topicNames
  return {
    responses: names.map((name) => ({
      name,
      ...attempt(() => {
        checkManage(context, name)
        context.service.namespace.deleteEventHub(existing(context, name).name)
      }),
    })),
  }
})

export const createPartitions = handler(CREATE_PARTITIONS, (context, { topics, validateOnly }) => ({
  results: topics.map(({ name, count }) => ({
    name,
    ...attempt(() => {
      checkManage(context, name)
      const eventHub = existing(context, name)
      if (count <= eventHub.partitionCount) {
        throw new KafkaError(
          ERROR.invalidPartitions,
          `Topic currently has ${eventHub.partitionCount} partitions, which is not fewer than the requested ${count}.`,
        )
      }
      if (!validateOnly) context.service.namespace.setPartitionCount(eventHub.name, count)
    }),
  })),
}))

import { mayAnywhere, mayUse, NODE_ID, type RequestContext } from '../context.js'
import type { ResponseOf } from '../protocol/api.js'
import { ERROR } from '../protocol/error-codes.js'
import { METADATA } from '../protocol/schemas/connection.js'
import { handler } from './handler.js'

type Topic = ResponseOf<typeof METADATA>['topics'][number]

/** Names Kafka takes. Source: apache/kafka, Topic.java. An event hub's may hold slashes besides. */
const TOPIC_NAME = /^[a-z0-9._/-]{1,256}$/i

/** The one broker, and topics: asked for by name, created if that is allowed, or all that may be seen. */
export const metadata = handler(METADATA, (context, request) => {
  const { address, version } = context
  const isAll = request.topics === null || (version === 0 && request.topics.length === 0)
  const names = isAll ? visibleNames(context) : (request.topics ?? []).map(({ name }) => name)
  return {
    brokers: [{ nodeId: NODE_ID, host: address.host, port: address.port }],
    controllerId: NODE_ID,
    topics: names.map((name) => topicOf(context, name, request.allowAutoTopicCreation && !isAll)),
  }
})

function visibleNames(context: RequestContext): string[] {
  return context.service.namespace
    .listEventHubs()
    .map(({ name }) => name)
    .filter((name) => mayUse(context, name, 'Listen') || mayUse(context, name, 'Send'))
}

function topicOf(context: RequestContext, name: string, mayCreate: boolean): Topic {
  const failed = (errorCode: number): Topic => ({ errorCode, name, partitions: [] })
  if (!TOPIC_NAME.test(name)) return failed(ERROR.invalidTopic)
  if (!mayUse(context, name, 'Listen') && !mayUse(context, name, 'Send')) return failed(ERROR.topicAuthorizationFailed)
  const { namespace } = context.service
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, hub: name })
  if (fault !== undefined) return failed(fault)
  // Microsoft's tutorial: a sender finds a missing topic unknown, an owner gets it created.
  const eventHub =
    namespace.getEventHub(name) ??
    (mayCreate && mayAnywhere(context, 'Manage') ? namespace.openEventHub(name) : undefined)
  if (!eventHub) return failed(ERROR.unknownTopicOrPartition)
  return {
    errorCode: ERROR.none,
    name,
    partitions: eventHub.partitions.map((_partition, partitionIndex) => ({
      errorCode: ERROR.none,
      partitionIndex,
      leaderId: NODE_ID,
      replicaNodes: [NODE_ID],
      isrNodes: [NODE_ID],
    })),
  }
}

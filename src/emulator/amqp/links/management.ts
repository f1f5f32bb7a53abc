import type { EventHub } from '../../model/hub.js'
import { serviceErrorOf } from '../refusals.js'
import type { ReceivedMessage, RheaMessage, RheaReceiver, RheaSender } from '../rhea.js'
import { accept, types } from '../rhea.js'
import { entityNotFound, invalidPartition, notImplemented, unauthorized } from '../service-error.js'
import type { LinkContext } from './link-context.js'
import { createReplies, type RequestNode, requestCredit } from './replies.js'

const STRING = 0xa1

/** What the service says for "no event yet": .NET's `DateTime.MinValue`. */
const NEVER = new Date('0001-01-01T00:00:00.000Z')

/** `$management`: tells about event hubs and partitions. Source: azure-sdk-for-js, managementClient.ts. */
export function createManagement(context: LinkContext): RequestNode {
  const { service } = context
  const replies = createReplies()

  function read(request: RheaMessage): Record<string, unknown> {
    const { operation, type, name, partition } = request.application_properties ?? {}
    if (operation !== 'READ') throw notImplemented(`The operation '${operation}' is not supported.`)
    const hubName = String(name ?? '')
    if (!context.covers(`${hubName}/$management`)) throw unauthorized(service.host, hubName, 'Listen')
    const eventHub = service.namespace.openEventHub(hubName)
    if (!eventHub) throw entityNotFound(service.host, hubName)
    eventHub.trim(Date.now())
    if (type === 'com.microsoft:eventhub') return describeEventHub(eventHub)
    if (type === 'com.microsoft:partition') return describePartition(eventHub, String(partition ?? ''))
    throw notImplemented(`The type '${type}' is not supported.`)
  }

  function onRequest({ message, delivery }: ReceivedMessage, receiver: RheaReceiver): void {
    const request = message as RheaMessage
    service.stats.managementRequests++
    accept(delivery)
    receiver.add_credit(1)
    try {
      const body = read(request)
      replies.send(request, {
        application_properties: { 'status-code': types.wrap_int(200), 'status-description': 'OK' },
        body,
      })
    } catch (error) {
      const failure = serviceErrorOf(error, service)
      replies.send(request, {
        application_properties: {
          'status-code': types.wrap_int(failure.status),
          'status-description': failure.description,
          'error-condition': failure.condition,
        },
      })
    }
  }

  return {
    openRequests(receiver: RheaReceiver) {
      receiver.set_source({ address: receiver.source?.address ?? '' })
      receiver.set_target({ address: receiver.target?.address ?? '' })
      receiver.on('message', (received) => onRequest(received, receiver))
      receiver.add_credit(requestCredit)
    },
    openReplies(sender: RheaSender) {
      replies.add(sender)
    },
  }
}

function describeEventHub(eventHub: EventHub): Record<string, unknown> {
  return {
    name: eventHub.name,
    type: 'com.microsoft:eventhub',
    created_at: types.wrap_timestamp(eventHub.createdAt.getTime()),
    partition_count: types.wrap_int(eventHub.partitionCount),
    partition_ids: types.wrap_array(eventHub.partitionIds, STRING),
    georeplication_factor: types.wrap_int(1),
  }
}

function describePartition(eventHub: EventHub, id: string): Record<string, unknown> {
  const partition = eventHub.partition(id)
  if (!partition) throw invalidPartition()
  const { log } = partition
  return {
    name: eventHub.name,
    type: 'com.microsoft:partition',
    partition: id,
    begin_sequence_number: types.wrap_long(log.reportedBegin),
    last_enqueued_sequence_number: types.wrap_long(log.last?.sequenceNumber ?? -1),
    last_enqueued_offset: String(log.last?.offset ?? -1),
    last_enqueued_time_utc: types.wrap_timestamp(log.last?.enqueuedTime ?? NEVER.getTime()),
    is_partition_empty: log.isEmpty,
  }
}

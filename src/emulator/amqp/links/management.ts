import { tokenKindOf } from '../../authorization.js'
import type { EventHub } from '../../model/hub.js'
import { encodeFlag, encodeInt, encodeLong, encodeString, encodeTextArray, encodeTimestamp } from '../codec/encode.js'
import { encodeTextMap, type RequestMessage } from '../codec/message.js'
import { serviceErrorOf } from '../refusals.js'
import { entityNotFound, invalidPartition, notImplemented, unauthorized } from '../service-error.js'
import type { LinkContext } from './link-context.js'
import { RequestNode } from './request-node.js'

const STRING = 0xb1

/** The time the service says for "no event yet": .NET's `DateTime.MinValue`. */
const NEVER = new Date('0001-01-01T00:00:00.000Z')

/** `$management`: tells about event hubs and partitions. Source: azure-sdk-for-js, managementClient.ts. */
export function createManagement(context: LinkContext): RequestNode {
  const { service } = context

  async function read({ properties }: RequestMessage): Promise<Buffer> {
    const operation = properties.get('operation')
    const type = properties.get('type')
    if (operation !== 'READ') throw notImplemented(`The operation '${String(operation)}' is not supported.`)
    const hubName = String(properties.get('name') ?? '')
    await authorize(hubName, properties.get('security_token'))
    // A question creates nothing.
    const eventHub = service.namespace.getEventHub(hubName)
    if (!eventHub) throw entityNotFound(service.host, hubName)
    eventHub.trim(Date.now())
    if (type === 'com.microsoft:eventhub') return describeEventHub(eventHub)
    if (type === 'com.microsoft:partition')
      return describePartition(eventHub, String(properties.get('partition') ?? ''))
    throw notImplemented(`The type '${String(type)}' is not supported.`)
  }

  /**
   * The token that the request brings has to hold now, whatever the connection was allowed. Source: azure-sdk-for-js,
   * auth.spec. Any claim will do.
   */
  async function authorize(hubName: string, token: unknown): Promise<void> {
    const resource = `${hubName}/$management`
    if (typeof token === 'string' && token !== '') {
      const { claims } = await service.authorizer.verify(token, tokenKindOf(token), resource)
      if (claims.size > 0) return
    } else if (context.covers(resource)) return
    throw unauthorized(service.host, hubName, 'Listen')
  }

  return new RequestNode({
    fail: (error) => service.report(error),
    async answer(request) {
      service.stats.managementRequests++
      try {
        const body = await read(request)
        return { properties: { 'status-code': encodeInt(200), 'status-description': encodeString('OK') }, body }
      } catch (error) {
        const failure = serviceErrorOf(error, service)
        return {
          properties: {
            'status-code': encodeInt(failure.status),
            'status-description': encodeString(failure.description),
            'error-condition': encodeString(failure.condition),
          },
        }
      }
    },
  })
}

function describeEventHub(eventHub: EventHub): Buffer {
  return encodeTextMap({
    name: encodeString(eventHub.name),
    type: encodeString('com.microsoft:eventhub'),
    created_at: encodeTimestamp(eventHub.createdAt.getTime()),
    partition_count: encodeInt(eventHub.partitionCount),
    partition_ids: encodeTextArray(STRING, eventHub.partitionIds),
    georeplication_factor: encodeInt(1),
  })
}

function describePartition(eventHub: EventHub, id: string): Buffer {
  const partition = eventHub.partition(id)
  if (!partition) throw invalidPartition()
  const { log } = partition
  return encodeTextMap({
    name: encodeString(eventHub.name),
    type: encodeString('com.microsoft:partition'),
    partition: encodeString(id),
    begin_sequence_number: encodeLong(log.reportedBegin),
    last_enqueued_sequence_number: encodeLong(log.last?.sequenceNumber ?? -1),
    last_enqueued_offset: encodeString(String(log.last?.offset ?? -1)),
    last_enqueued_time_utc: encodeTimestamp(log.last?.enqueuedTime ?? NEVER.getTime()),
    is_partition_empty: encodeFlag(log.isEmpty),
  })
}

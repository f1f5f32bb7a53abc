import type { ConsumerGroup, EventHub } from '../model/hub.js'
import type { Partition } from '../model/partition.js'
import type { Entry } from './atom-xml.js'

/** The fields that the management API tells of each kind of entity, in the order of the service's own answers. */

/** Retention in the only unit that this API has. */
export function retentionDays({ retention: { hours } }: EventHub): number {
  return hours < 0 ? -1 : Math.max(1, Math.ceil(hours / 24))
}

export function eventHubEntry(eventHub: EventHub, host: string): Entry {
  const { name, createdAt, updatedAt, userMetadata, partitionCount, partitionIds } = eventHub
  return {
    id: `https://${host}/${name}`,
    title: name,
    published: createdAt,
    updated: updatedAt,
    author: host,
    element: 'EventHubDescription',
    description: {
      MessageRetentionInDays: retentionDays(eventHub),
      AuthorizationRules: '',
      Status: 'Active',
      CreatedAt: createdAt.toISOString(),
      UpdatedAt: updatedAt.toISOString(),
      ...(userMetadata !== undefined && { UserMetadata: userMetadata }),
      PartitionCount: partitionCount,
      PartitionIds: {
        '@xmlns:d2p1': 'http://schemas.microsoft.com/2003/10/Serialization/Arrays',
        'd2p1:string': partitionIds,
      },
    },
  }
}

export function consumerGroupEntry(eventHub: EventHub, group: ConsumerGroup, host: string): Entry {
  return {
    id: `https://${host}/${eventHub.name}/consumergroups/${group.name}`,
    title: group.name,
    published: group.createdAt,
    updated: group.createdAt,
    author: host,
    element: 'ConsumerGroupDescription',
    description: {
      CreatedAt: group.createdAt.toISOString(),
      UpdatedAt: group.createdAt.toISOString(),
      ...(group.userMetadata !== undefined && { UserMetadata: group.userMetadata }),
    },
  }
}

export function partitionEntry(eventHub: EventHub, group: ConsumerGroup, { id, log }: Partition, host: string): Entry {
  return {
    id: `sb://${host}/${eventHub.name}/consumergroups/${group.name}/partitions/${id}`,
    title: id,
    published: eventHub.createdAt,
    updated: eventHub.createdAt,
    author: host,
    element: 'PartitionDescription',
    description: {
      SizeInBytes: log.bytes,
      BeginSequenceNumber: log.reportedBegin,
      EndSequenceNumber: log.last?.sequenceNumber ?? -1,
      IncomingBytesPerSecond: 0,
      OutgoingBytesPerSecond: 0,
      LastEnqueuedOffset: log.last?.offset ?? -1,
      // A new partition tells the first moment of .NET's calendar, as `AccessedAt` in Get Event Hub does.
      LastEnqueuedTimeUtc: log.last ? new Date(log.last.enqueuedTime).toISOString() : '0001-01-01T00:00:00Z',
    },
  }
}

import { KafkaJSNotImplemented } from '../errors/index.js'

/**
 * Admin calls that have no counterpart in Event Hubs: one sentence each, why not and what to do instead. Options that are
 * refused stand in `refusals.ts`.
 */
export const unsupportedCalls = {
  createAcls:
    'admin.createAcls is not possible, as Event Hubs has no Kafka ACLs: assign the roles "Azure Event Hubs Data Sender" and "Azure Event Hubs Data Receiver" with "az role assignment create", or make a shared access policy on the namespace or event hub',
  describeAcls:
    'admin.describeAcls is not possible, as Event Hubs has no Kafka ACLs: list who may do what with "az role assignment list --scope <namespace or event hub>" and the shared access policies with "az eventhubs namespace authorization-rule list"',
  deleteAcls:
    'admin.deleteAcls is not possible, as Event Hubs has no Kafka ACLs: take roles away with "az role assignment delete", or remove the shared access policy',
  deleteTopicRecords:
    'admin.deleteTopicRecords is not possible, as events leave an event hub by retention only: shorten retention.ms with admin.alterConfigs, or move a group past the records with admin.setOffsets',
  alterPartitionReassignments:
    'admin.alterPartitionReassignments is not possible, as Event Hubs places partitions and replicas itself: for more throughput change the throughput or processing units of the namespace, e.g. with "az eventhubs namespace update --capacity"',
  listPartitionReassignments:
    'admin.listPartitionReassignments is not possible, as Event Hubs places partitions and replicas itself and does not tell: watch the namespace with Azure Monitor metrics instead',
  describeBrokerConfigs:
    'admin.describeConfigs of a broker is not possible, as a namespace has no broker settings: look at its properties with "az eventhubs namespace show", or describe a topic (ConfigResourceTypes.TOPIC)',
  alterBrokerConfigs:
    'admin.alterConfigs of a broker is not possible, as a namespace has no broker settings: change its properties with "az eventhubs namespace update", or alter a topic (ConfigResourceTypes.TOPIC)',
} as const

export type UnsupportedCall = keyof typeof unsupportedCalls

/** A method that cannot be: it rejects, whatever it is given. */
export function unsupported(call: UnsupportedCall): () => Promise<never> {
  return async () => {
    throw new KafkaJSNotImplemented(unsupportedCalls[call])
  }
}

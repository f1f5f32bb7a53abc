import { KafkaJSNotImplemented } from '../errors/index.js'
import type { NamespaceAddress } from '../eventhubs/transport.js'
import { NODE_ID, toBroker, toPartitionMetadata } from '../translate/cluster.js'
import type { Cluster, PartitionMetadata } from '../types/index.js'

/** The `cluster` that assigners are made with, and the partitions it shows them. */
export interface AssignerCluster {
  readonly cluster: Cluster
  /** Replaces what `findTopicPartitionMetadata` answers from now on. */
  show(partitions: ReadonlyMap<string, readonly number[]>): void
}

/** A namespace seen as Kafka's cluster: one broker, which leads every partition. Assigners only ask for partitions. */
export function createAssignerCluster(address: NamespaceAddress): AssignerCluster {
  let shown: ReadonlyMap<string, readonly number[]> = new Map()

  const findTopicPartitionMetadata = (topic: string): PartitionMetadata[] => toPartitionMetadata(shown.get(topic) ?? [])

  const refuse = (member: string) => async (): Promise<never> => {
    throw new KafkaJSNotImplemented(
      `cluster.${member} needs Kafka's protocol, which is not spoken here: a partition assigner can use cluster.findTopicPartitionMetadata, and kafka.admin() for anything else`,
    )
  }

  const nothing = async () => undefined
  const broker = toBroker(address.broker)
  const cluster: Cluster = {
    getNodeIds: () => [NODE_ID],
    metadata: async () => ({
      brokers: [broker],
      topicMetadata: [...shown.keys()].map((topic) => ({
        topicErrorCode: 0,
        topic,
        partitionMetadata: findTopicPartitionMetadata(topic),
      })),
    }),
    removeBroker: () => undefined,
    addMultipleTargetTopics: nothing,
    isConnected: () => true,
    connect: nothing,
    disconnect: nothing,
    refreshMetadata: nothing,
    refreshMetadataIfNecessary: nothing,
    addTargetTopic: nothing,
    findBroker: refuse('findBroker'),
    findControllerBroker: refuse('findControllerBroker'),
    findTopicPartitionMetadata,
    findLeaderForPartitions: (_topic, partitions) => ({ [NODE_ID]: partitions }),
    findGroupCoordinator: refuse('findGroupCoordinator'),
    findGroupCoordinatorMetadata: async () => ({
      errorCode: 0,
      coordinator: broker,
    }),
    defaultOffset: ({ fromBeginning }) => (fromBeginning ? -2 : -1),
    fetchTopicsOffset: refuse('fetchTopicsOffset'),
  }
  return {
    cluster,
    show(partitions) {
      shown = partitions
    },
  }
}

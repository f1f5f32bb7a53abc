import type { PartitionMetadata } from '../types/producer.js'

/** Node id of the one broker that a namespace looks like. It leads every partition, and is its only replica. */
export const NODE_ID = 0

/** A namespace as Kafka's broker. */
export interface Broker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** The broker of an address, `host:port` or `[::1]:port`. */
export function toBroker(address: string): Broker {
  const [, host = address, port = '5671'] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  return { nodeId: NODE_ID, host, port: Number(port) }
}

/** Partitions as kafkajs shows them to partitioners, assigners and `fetchTopicMetadata`. */
export function toPartitionMetadata(partitions: readonly number[]): PartitionMetadata[] {
  return partitions.map((partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: NODE_ID,
    replicas: [NODE_ID],
    isr: [NODE_ID],
    offlineReplicas: [],
  }))
}

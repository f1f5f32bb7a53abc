import { expect, it } from 'vitest'
import { createAssignerCluster } from '../../../src/group/assigner-cluster.js'

const address = {
  fullyQualifiedNamespace: 'ns.net',
  storeNamespace: 'ns.net',
  broker: 'ns.net:5671',
  isEmulator: false,
}

it('shows assigners the partitions there are now, and none of topics it does not know', () => {
  const { cluster, show } = createAssignerCluster(address)
  expect(cluster.findTopicPartitionMetadata('t')).toEqual([])
  show(new Map([['t', [0, 2]]]))
  expect(cluster.findTopicPartitionMetadata('t')).toEqual(
    [0, 2].map((partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 0,
      replicas: [0],
      isr: [0],
      offlineReplicas: [],
    })),
  )
  expect(cluster.findTopicPartitionMetadata('toString')).toEqual([])
  show(new Map())
  expect(cluster.findTopicPartitionMetadata('t')).toEqual([])
})

it('looks like a cluster of one broker', async () => {
  const { cluster, show } = createAssignerCluster(address)
  show(new Map([['t', [0]]]))
  expect(cluster.getNodeIds()).toEqual([0])
  expect(cluster.isConnected()).toBe(true)
  const { brokers, topicMetadata } = await cluster.metadata()
  expect(brokers).toEqual([{ nodeId: 0, host: 'ns.net', port: 5671 }])
  expect(topicMetadata.map(({ topic }) => topic)).toEqual(['t'])
  expect(cluster.findLeaderForPartitions('t', [0, 1])).toEqual({ 0: [0, 1] })
})

it('refuses what needs Kafka’s protocol, with what to use', async () => {
  const { cluster } = createAssignerCluster(address)
  await expect(cluster.findBroker({ nodeId: '0' } as never)).rejects.toMatchObject({
    name: 'KafkaJSNotImplemented',
    message: expect.stringContaining('findTopicPartitionMetadata'),
  })
})

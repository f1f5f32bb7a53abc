import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'

/** Node id of the one broker that a namespace looks like. */
export const NODE_ID = 0

/** The namespace as Kafka's cluster. */
export function createClusterCalls(session: AdminSession): Pick<Admin, 'describeCluster'> {
  return {
    async describeCluster() {
      const transport = await session.transport()
      await session.request('Metadata', (abortSignal) => transport.verify({ abortSignal }))
      const { broker, storeNamespace } = transport.address
      const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(broker) ?? []
      return {
        brokers: [{ nodeId: NODE_ID, host, port: Number(port) }],
        controller: NODE_ID,
        // The namespace's name: it is unique in Azure and never changes.
        clusterId: storeNamespace.toLowerCase(),
      }
    },
  }
}

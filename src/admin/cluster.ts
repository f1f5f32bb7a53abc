import { NODE_ID, toBroker } from '../translate/cluster.js'
import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'

/** The namespace as Kafka's cluster. */
export function createClusterCalls(session: AdminSession): Pick<Admin, 'describeCluster'> {
  return {
    async describeCluster() {
      const transport = await session.transport()
      await session.request('Metadata', (abortSignal) => transport.verify({ abortSignal }))
      const { broker, storeNamespace } = transport.address
      return {
        brokers: [toBroker(broker)],
        controller: NODE_ID,
        // The namespace's name: it is unique in Azure and never changes.
        clusterId: storeNamespace.toLowerCase(),
      }
    },
  }
}

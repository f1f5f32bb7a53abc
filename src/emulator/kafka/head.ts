import type { Socket } from 'node:net'
import type { FaultyConnection } from '../faults.js'
import type { Service } from '../service.js'
import { systemClock } from './clock.js'
import { KafkaConnection } from './connection.js'
import type { Head } from './context.js'
import { Coordinator } from './groups/coordinator.js'
import type { KafkaSettings } from './options.js'
import { Producers } from './producers.js'

/** The emulator's second head: the Kafka protocol over the same partitions. */
export interface KafkaHead {
  readonly coordinator: Coordinator
  /** Takes a connection whose first bytes are still to be read. */
  accept(socket: Socket): void
  close(): void
}

/** Microsoft: Event Hubs quotas, "Number of Kafka consumer groups per namespace", Standard tier. */
const MAX_GROUPS = 1000
const MAX_MEMBERS = 1000

export function createKafkaHead(options: {
  service: Service
  settings: KafkaSettings
  connections: Set<FaultyConnection>
}): KafkaHead {
  const { service, settings, connections } = options
  const { groups, initialRebalanceDelayMs, sessionTimeoutMs } = settings
  const coordinator = new Coordinator(
    { groups, initialRebalanceDelayMs, sessionTimeoutMs, maxGroups: MAX_GROUPS, maxMembers: MAX_MEMBERS },
    systemClock,
  )
  const head: Head = { service, settings, coordinator, producers: new Producers() }
  const stopListening = service.namespace.onChange((change) => {
    if (change.kind === 'event-hub-deleted') coordinator.forgetTopic(change.eventHub.name)
  })
  return {
    coordinator,
    accept(socket) {
      const { maxConnections } = service.settings
      if (connections.size >= maxConnections) {
        service.log({ level: 'warn', message: `A Kafka connection was refused: ${maxConnections} are open` })
        socket.destroy()
        return
      }
      const connection = new KafkaConnection(head, socket)
      connections.add(connection)
      socket.once('close', () => connections.delete(connection))
    },
    close() {
      stopListening()
      coordinator.close()
    },
  }
}

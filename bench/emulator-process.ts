/** An emulator in a process of its own, so that its work is not counted as the client's. */
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const emulator = await startEmulator({ autoCreateEventHubs: false })
process.on(
  'message',
  (request: { name: string; partitionCount: number; count?: number } | 'memory' | 'connections' | 'held' | 'cpu') => {
    if (request === 'memory') return process.send?.({ memory: process.memoryUsage().rss })
    if (request === 'connections') return process.send?.({ connections: emulator.stats.openConnections })
    if (request === 'held') {
      globalThis.gc?.()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return process.send?.({ held: heapUsed + arrayBuffers })
    }
    if (request === 'cpu') {
      const { user, system } = process.cpuUsage()
      return process.send?.({ cpu: user + system })
    }
    const { name, partitionCount, count } = request
    emulator.eventHubs.create({ name, partitionCount, ...(count ? { retention: { count } } : {}) })
    return process.send?.({ created: name })
  },
)
process.on('disconnect', () => process.exit())
const { connectionString, port } = emulator
process.send?.({ connectionString, port, kafkaEndpoint: emulator.kafkaEndpointConfig({ clientId: 'bench' }) })

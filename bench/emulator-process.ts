/** An emulator in a process of its own, so that its work is not counted as the client's. */
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const emulator = await startEmulator({ autoCreateEventHubs: false })
process.on('message', async (request: { name: string; partitionCount: number; count?: number }) => {
  const { name, partitionCount, count } = request
  emulator.eventHubs.create({ name, partitionCount, ...(count ? { retention: { count } } : {}) })
  process.send?.({ created: name })
})
process.on('disconnect', () => process.exit())
process.send?.({ connectionString: emulator.connectionString, port: emulator.port })

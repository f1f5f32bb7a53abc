import { expect, it } from 'vitest'
import { startEmulator } from '../../../../src/emulator/index.js'
import { mostLinks } from '../../../../src/eventhubs/connection/authorized-connection.js'
import { openTransport } from '../open-transport.js'

it('opens a second connection for the links beyond those that one takes', async () => {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'wide', partitionCount: mostLinks + 24 }] })
  await using transport = await openTransport(emulator)
  const open = async (from: number, to: number) => {
    const partitions = Array.from({ length: to - from }, (_, index) => String(from + index))
    await Promise.all(partitions.map((id) => transport.openSender('wide', id, { idempotent: false }).newTransfer()))
  }
  await open(0, mostLinks)
  expect(emulator.stats.openConnections).toBe(1)
  await open(mostLinks, mostLinks + 24)
  expect(emulator.stats.openConnections).toBe(2)
})

import { expect, it } from 'vitest'
import { startEmulator } from '../../../../src/emulator/index.js'
import { openTransport } from '../open-transport.js'

it('opens a second connection for the links beyond a thousand', async () => {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'wide', partitionCount: 1024 }] })
  await using transport = await openTransport(emulator)
  const open = async (from: number, to: number) => {
    const partitions = Array.from({ length: to - from }, (_, index) => String(from + index))
    await Promise.all(partitions.map((id) => transport.openSender('wide', id, { idempotent: false }).newTransfer()))
  }
  await open(0, 1000)
  expect(emulator.stats.openConnections).toBe(1)
  await open(1000, 1024)
  expect(emulator.stats.openConnections).toBe(2)
})

import { expect, it } from 'vitest'
import { startEmulator } from '../../../src/emulator/index.js'
import { readFirstEvent } from '../../../src/offsets/first-event.js'
import { openTransport, send } from '../eventhubs/open-transport.js'

it('gives up when its time is up between two consumer groups', async () => {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'h', partitionCount: 1, consumerGroups: ['g'] }] })
  await using transport = await openTransport(emulator)
  await send(transport, 'h', '0', 'x')
  const leave = emulator.faults.stealEpoch({ hub: 'h', partition: '0' })
  const controller = new AbortController()
  const query = {
    transport,
    topic: 'h',
    partitionId: '0',
    afterSequenceNumber: 0,
    async otherGroups() {
      controller.abort(new Error('the time is up'))
      return ['g']
    },
    signal: controller.signal,
  }
  await expect(readFirstEvent(query)).rejects.toThrow('the time is up')
  leave()
})

import { once } from 'node:events'
import net from 'node:net'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { startEmulator } from '../../../../src/emulator/index.js'
import { createFrameReader, type LinkFrame, largestFrame } from '../../../../src/eventhubs/connection/frames.js'
import { eventually } from '../../../support/eventually.js'
import { collect, openTransport, transferOf } from '../open-transport.js'

const description = `Idle — for ${'very '.repeat(60)}long`

/** What the service wrote on each connection while events were published and read, and a link was detached. */
async function record(): Promise<Buffer[]> {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'hub', partitionCount: 1 }] })
  const recordings: Buffer[][] = []
  const tap = net.createServer((client) => {
    const service = net.connect(emulator.port, '127.0.0.1')
    const recording: Buffer[] = []
    recordings.push(recording)
    service.on('data', (bytes) => recording.push(bytes))
    client.pipe(service).pipe(client)
    for (const socket of [client, service]) socket.on('error', () => undefined)
  })
  tap.listen(0, '127.0.0.1')
  await once(tap, 'listening')
  const { port } = tap.address() as net.AddressInfo
  {
    await using transport = await openTransport(emulator, { brokers: [`localhost:${port}`] })
    const sender = transport.openSender('hub', '0', { idempotent: true })
    await sender.send(await transferOf(sender, 'x'.repeat(100_000), 'y'))
    const reader = collect(transport, { eventHubName: 'hub', partitionId: '0' })
    await eventually(() => reader.sequenceNumbers.length === 2)
    await emulator.faults.detachLinks({ hub: 'hub', condition: 'amqp:link:detach-forced', description })
    await reader.ended
  }
  tap.close()
  return recordings.map((recording) => Buffer.concat(recording))
}

function read(bytes: Buffer, sizes: readonly number[]): LinkFrame[] {
  const frames: LinkFrame[] = []
  const take = createFrameReader((frame) => frames.push(frame))
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] as number
    take(bytes.subarray(at, at + size))
    at += size
  }
  return frames
}

it('reads what the service writes, however it is cut into pieces', async () => {
  const recordings = await record()
  const wholes = recordings.map((bytes) => read(bytes, [bytes.length]))
  const all = wholes.flat()
  const attach = all.find((frame) => frame.type === 'attach' && frame.linkName.startsWith('hub/Partitions/0'))
  expect(all).toContainEqual({ type: 'flow', channel: attach?.channel })
  expect(all).toContainEqual({
    type: 'detach',
    channel: attach?.channel,
    error: { condition: 'amqp:link:detach-forced', description },
  })
  const reading = /^hub\/ConsumerGroups\/\$Default\/Partitions\/0-/i
  expect(all.filter((frame) => frame.type === 'attach' && reading.test(frame.linkName))).toHaveLength(1)

  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9000 })), { minLength: 1 })
  fc.assert(
    fc.property(sizes, (pieces) => {
      for (const [index, bytes] of recordings.entries()) expect(read(bytes, pieces)).toEqual(wholes[index])
    }),
    { numRuns: 200 },
  )
})

it('takes no frame that claims to be larger than any', () => {
  const header = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0])
  header.writeUInt32BE(largestFrame)
  expect(read(header, [5])).toEqual([])
  header.writeUInt32BE(largestFrame + 1)
  expect(() => read(header, [5])).toThrow(`size of ${largestFrame + 1} bytes`)
})

import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { countStreams } from '../../../../src/eventhubs/connection/counted-streams.js'
import { eventually } from '../../../support/eventually.js'

it('counts streams that were opened, and tells those that were lost from those closed from here', async () => {
  const sockets: Socket[] = []
  const server = net.createServer((socket) => void sockets.push(socket.resume().on('error', () => undefined)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const { openStream, counts } = countStreams((onReady) => net.connect({ port, host: '127.0.0.1' }, onReady))
  const open = async () => {
    const stream = await new Promise<ReturnType<typeof openStream>>((resolve) => {
      const opened = openStream(
        () => resolve(opened),
        () => undefined,
      )
    })
    return stream.on('error', () => undefined).resume()
  }
  try {
    const [ended, destroyed, ,] = [await open(), await open(), await open(), await open()]
    await eventually(() => expect(sockets).toHaveLength(4))
    expect(counts).toEqual({ open: 4, opened: 4, lost: 0 })
    ended?.end()
    destroyed?.destroy()
    await eventually(() => expect(counts).toEqual({ open: 2, opened: 4, lost: 0 }))
    sockets[2]?.end()
    sockets[3]?.resetAndDestroy()
    await eventually(() => expect(counts).toEqual({ open: 0, opened: 4, lost: 2 }))
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  const refused = openStream(
    () => undefined,
    () => undefined,
  )
  await once(refused, 'error')
  expect(counts).toEqual({ open: 0, opened: 4, lost: 2 })
})

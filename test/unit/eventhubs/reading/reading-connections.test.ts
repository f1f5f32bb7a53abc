import net from 'node:net'
import { expect, it } from 'vitest'
import { startEmulator } from '../../../../src/emulator/index.js'
import { ReadingConnection } from '../../../../src/eventhubs/reading/reading-connection.js'
import { ReadingConnections } from '../../../../src/eventhubs/reading/reading-connections.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'

it('opens another connection for the links beyond the limit of one, and closes each with its last link', async () => {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'hub', partitionCount: 5 }] })
  const connection = () =>
    new ReadingConnection({
      fullyQualifiedNamespace: 'localhost',
      openStream: (onReady) => net.connect({ port: emulator.port, host: '127.0.0.1' }, onReady),
      connectTimeout: 5000,
      requestTimeout: 5000,
      identifier: 'test',
      logger: createLogger({ level: 0 }),
      withCredential: (_, put) => put({ name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' }),
    })
  const connections = new ReadingConnections(connection, 2)
  const nothing = () => {}
  const open = (partitionId: string) =>
    connections.open(
      {
        eventHubName: 'hub',
        consumerGroup: '$Default',
        partitionId,
        filter: "amqp.annotation.x-opt-offset > '-1'",
        ownerLevel: undefined,
        onDelivery: nothing,
        onPieceEnd: nothing,
        onEnd: nothing,
      },
      new AbortController().signal,
    )
  const links = await Promise.all(['0', '1', '2', '3', '4'].map(open))
  expect(emulator.stats.openConnections).toBe(3)
  await Promise.all(links.map((link) => link.close()))
  await connections.close()
  await expect.poll(() => emulator.stats.openConnections).toBe(0)
})

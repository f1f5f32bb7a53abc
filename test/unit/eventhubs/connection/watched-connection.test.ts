import { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import { AmqpSocket } from '../../../../src/eventhubs/connection/amqp-socket.js'
import { WatchedConnection } from '../../../../src/eventhubs/connection/watched-connection.js'
import { createDeferred } from '../../../../src/util/deferred.js'

it('has the library hear of a loss before what is given up closes its connection', async () => {
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() })
  const lost = createDeferred()
  const order: string[] = []
  const watched = new WatchedConnection(
    { openStream: () => stream, connectTimeout: 60_000 },
    {
      onLost(error) {
        order.push(`given up: ${error.message}`)
        lost.resolve()
      },
    },
  )
  const socket = new AmqpSocket('ws://localhost', [], watched.webSocketOptions.webSocketConstructorOptions)
  socket.onerror = () => order.push(`the library, of ${watched.ended?.message}`)
  stream.destroy(new Error('broken'))
  await lost.promise
  // Nothing was heard before, but the error tells more than that.
  expect(order).toEqual(['the library, of broken', 'given up: broken'])
})

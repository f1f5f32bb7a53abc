import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Kafka, logLevel } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'

/** Hands AMQP through to a port; what comes over HTTP is never answered. */
async function withoutHttpAnswers(port: number) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (first) => {
      if (!first.toString('latin1').startsWith('AMQP')) return
      const upstream = connect(port, '127.0.0.1')
      sockets.add(upstream)
      upstream.on('error', () => socket.destroy())
      upstream.write(first)
      socket.pipe(upstream).pipe(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

it('a management request that is not answered in time is tried again, told of, and a time-out', async () => {
  await using target = await openEmulator()
  await using silent = await withoutHttpAnswers(target.emulator.port)
  const connectionString = target.emulator.connectionString.replace(`:${target.emulator.port}`, `:${silent.port}`)
  const kafka = new Kafka({
    eventHubs: { connectionString },
    requestTimeout: 150,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 5, retries: 2 },
  })
  await using admin = disposable(kafka.admin())
  const expired: string[] = []
  admin.on(admin.events.REQUEST_TIMEOUT, ({ payload }) => expired.push(payload.apiName))
  await expect(admin.listTopics()).rejects.toMatchObject({
    name: 'KafkaJSNumberOfRetriesExceeded',
    retryCount: 2,
    cause: {
      name: 'KafkaJSRequestTimeoutError',
      message: 'Request Metadata(key: 3, version: 6) timed out',
      retriable: true,
    },
  })
  expect(expired).toEqual(['Metadata', 'Metadata', 'Metadata'])
})

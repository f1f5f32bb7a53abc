import { EventHubProducerClient } from '@azure/event-hubs'
import { expect, it } from 'vitest'
import { HubClient } from '../../../../src/eventhubs/connection/retirable-client.js'
import { HubClients } from '../../../../src/eventhubs/connection/retirable-clients.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { createDeferred } from '../../../../src/util/deferred.js'

const credential = { name: 'name', key: 'key' } as never

/** Clients that have not been asked anything, and so have no connection yet. */
const openClients = (limit: number) =>
  new HubClients(
    async (eventHubName, onRetired) =>
      new HubClient(
        {
          given: { credential, entityPath: undefined },
          openStream: () => {
            throw new Error('Nothing is to be opened')
          },
          connectTimeout: 1000,
          logger: createLogger({ level: 0 }),
          onRetired,
        },
        ({ webSocketOptions }) =>
          new EventHubProducerClient('localhost', eventHubName, credential, { webSocketOptions }),
      ),
    { limit, idleTime: 60_000 },
  )

const never = () => new Promise<never>(() => {})

it('ends the calls of clients that were retired, too, when it is closed', async () => {
  const clients = openClients(4)
  const begun = createDeferred()
  const call = clients.use('hub', (client) =>
    client.call(
      () => {
        begun.resolve()
        return never()
      },
      { timeout: 600_000 },
    ),
  )
  call.catch(() => {})
  await begun.promise
  clients.retireAll()
  await clients.close()
  await expect(call).rejects.toThrow('Disconnected while a request was in progress')
})

it('has no more of them than its limit, those that wait for a last answer included', async () => {
  const clients = openClients(3)
  const used = new Set<HubClient>()
  const finish: (() => void)[] = []
  const calls = Array.from({ length: 8 }, (_, index) =>
    clients.use(`hub-${index}`, (client) => {
      used.add(client)
      return client.call(() => new Promise<void>((resolve) => finish.push(resolve)), { timeout: 600_000 })
    }),
  )
  await new Promise(setImmediate)
  expect(used.size).toBe(3)
  // Retired, they stay until their calls are answered.
  clients.retireAll()
  await new Promise(setImmediate)
  expect(used.size).toBe(3)
  const all = Promise.all(calls)
  let isOver = false
  void all.then(() => {
    isOver = true
  })
  while (!isOver) {
    for (const answer of finish.splice(0)) answer()
    await new Promise(setImmediate)
    expect([...used].filter((client) => client.isBusy).length).toBeLessThanOrEqual(3)
  }
  expect(used.size).toBe(8)
  await clients.close()
})

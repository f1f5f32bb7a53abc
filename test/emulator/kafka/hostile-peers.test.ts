import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import { APIS } from '../../../src/emulator/kafka/apis/index.js'
import { encodeRequest } from '../../../src/emulator/kafka/protocol/api.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { apiOf, RawClient } from './raw-client.js'

const eventHubs = [{ name: 'orders', partitionCount: 1 }]

async function loggedIn(emulator: Emulator): Promise<RawClient> {
  const client = new RawClient(emulator.port)
  await client.login(emulator.connectionString)
  return client
}

function frame(body: Buffer, size = body.length): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(size)
  return Buffer.concat([head, body])
}

/** Whoever behaves is served, whatever others do. */
async function serves(emulator: Emulator): Promise<void> {
  using client = await loggedIn(emulator)
  expect(await client.ask('Metadata', 9, { topics: null })).toMatchObject({ controllerId: 0 })
}

describe('a hostile peer', () => {
  it.each([
    ['a frame beyond all limits', frame(Buffer.alloc(8), 0x00ff_ffff)],
    ['a frame of negative size', frame(Buffer.alloc(8), -1)],
    ['an unknown API', request(999, 0)],
    ['an unknown version', request(3, 99)],
    ['a request that is cut off', frame(request(3, 1).subarray(4, 12))],
  ])('that sends %s loses its connection, and nobody else', async (_what, bytes) => {
    await using emulator = await startEmulator({ eventHubs })
    using bystander = await loggedIn(emulator)
    using client = await loggedIn(emulator)
    client.socket.write(bytes)
    await client.closed
    expect(emulator.stats.kafkaConnectionsFailed).toBe(1)
    expect(await bystander.ask('Metadata', 9, { topics: null })).toMatchObject({ controllerId: 0 })
  })

  it('that sends what a random generator gave it does no harm', async () => {
    await using emulator = await startEmulator({ eventHubs })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...APIS.filter(({ name }) => !name.startsWith('Sasl'))),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.uint8Array({ maxLength: 200 }),
        async (api, share, bytes) => {
          const [min, max] = api.versions
          const version = min + Math.floor(share * (max - min + 1))
          using client = await loggedIn(emulator)
          const head = encodeRequest({
            api: { ...api, request: {} },
            version,
            correlationId: 1,
            clientId: 'f',
            request: {},
          })
          client.socket.write(frame(Buffer.concat([head.subarray(4), Buffer.from(bytes)])))
          client.socket.end()
          await client.closed
        },
      ),
      { numRuns: 300, seed: 14 },
    )
    await eventually(() => emulator.stats.openKafkaConnections === 0)
    await serves(emulator)
  })

  it('that changes bytes of a Produce stores nothing that was not whole', async () => {
    await using emulator = await startEmulator({ eventHubs })
    using client = await loggedIn(emulator)
    const topics = [{ name: 'orders', partitions: [{ index: 0, records: randomBytes(200) }] }]
    const answer = await client.ask('Produce', 7, { acks: 1, timeoutMs: 1000, topics })
    expect(answer['topics']).toMatchObject([{ partitions: [{ errorCode: expect.any(Number), baseOffset: -1 }] }])
    expect(emulator.eventHubs.get('orders')?.events()).toEqual([])
  })

  it('that says nothing, or never who it is, is ended', async () => {
    await using emulator = await startEmulator({ eventHubs, idleLimits: { authentication: 50 } })
    using silent = new RawClient(emulator.port)
    await silent.closed
    using nameless = new RawClient(emulator.port)
    // A busy machine may not even come to this question.
    await Promise.allSettled([nameless.ask('ApiVersions', 0, {})])
    await nameless.closed
  })

  it('that has nothing more to say is ended', async () => {
    await using emulator = await startEmulator({ eventHubs, kafka: { idleMs: scaled(300) } })
    using idle = await loggedIn(emulator)
    await idle.closed
  })

  it('that does not read gets no more answers than fit', async () => {
    await using emulator = await startEmulator({ eventHubs })
    using client = await loggedIn(emulator)
    client.socket.pause()
    const api = apiOf('ApiVersions')
    const one = encodeRequest({ api, version: 0, correlationId: 1, clientId: 'x', request: {} })
    for (let round = 0; round < 200; round++) client.socket.write(Buffer.concat(Array<Buffer>(1000).fill(one)))
    const before = emulator.stats.kafkaRequests
    await eventually(() => emulator.stats.kafkaRequests > before + 100)
    await serves(emulator)
    client.socket.destroy()
    await eventually(() => emulator.stats.openKafkaConnections === 0)
    expect(emulator.stats.kafkaRequests).toBeLessThan(200_000)
  })

  it('finds groups and members bounded', async () => {
    await using emulator = await startEmulator({ eventHubs })
    using client = await loggedIn(emulator)
    const commit = (groupId: string) =>
      client.ask('OffsetCommit', 8, {
        groupId,
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
      })
    for (let index = 0; index < 1000; index++) await commit(`g${index}`)
    expect((await commit('one more'))['topics']).toMatchObject([{ partitions: [{ errorCode: 44 }] }])
    expect((await commit('g7'))['topics']).toMatchObject([{ partitions: [{ errorCode: 0 }] }])
    expect((await commit('x'.repeat(300)))['topics']).toMatchObject([{ partitions: [{ errorCode: 24 }] }])
  })
})

function request(apiKey: number, version: number): Buffer {
  const body = Buffer.alloc(10)
  body.writeInt16BE(apiKey, 0)
  body.writeInt16BE(version, 2)
  body.writeInt16BE(-1, 8)
  return frame(body)
}

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type {
  Checkpoint,
  CheckpointStore,
  CheckpointStoreOptions,
  PartitionOwnership,
} from '../../../src/types/checkpoint-store.js'

/** In what a published store may differ from ours. */
export interface ContractOptions {
  /** Another store on the same data: what another process would have. Left out: there is no such thing. */
  second?: () => CheckpointStore
  /** Whether, of two claims without an etag, the second is lost. The SDK's blob store lets both win. */
  conditionalFirstClaim?: boolean
  /** Whether any Kafka group id keeps its records apart from every other's. */
  oddNames?: boolean
  /** Whether `listGroups`, `deleteGroup` and `deleteCheckpoint` are there. */
  admin?: boolean
  /** Whether it says what does not fit, instead of passing it on to the service. */
  validates?: boolean
}

/** Group ids that Kafka allows, each of which some store could take for another or for a part of a path. */
export const ODD_NAMES = [
  'a b',
  'a/b',
  'a%2fb',
  'a%b',
  'a%',
  '%',
  '%~',
  '..',
  '.',
  'a.',
  'a%2e',
  'a\\b',
  'a?b#c',
  'a:b',
  'a"b\'c',
  '<a&b>',
  'con',
  'nul.txt',
  'grüße',
  'ελληνικά',
  '消費者',
  '👩‍👩‍👧',
  'tab\tnew\nline\u0001',
  '\ud800',
  '\udc00',
  '\ufffd',
  '\u007f',
  ' lead',
  'trail ',
  '+',
  '%u0041',
  'checkpoint',
  'ownership',
  'x'.repeat(255),
  'x'.repeat(256),
  'é'.repeat(256),
  `${'é'.repeat(255)}è`,
  '\u0001'.repeat(256),
]

/** What the rest of the library relies on, of whatever store it is given. */
export function describeCheckpointStore(
  name: string,
  open: () => CheckpointStore,
  options: ContractOptions = {},
): void {
  const { second = open, conditionalFirstClaim = true, oddNames = true, admin = true, validates = true } = options

  const newKey = () => ({
    fullyQualifiedNamespace: `${randomUUID()}.servicebus.windows.net`,
    eventHubName: 'orders',
    consumerGroup: 'billing',
  })
  type Key = ReturnType<typeof newKey>
  const list = (store: CheckpointStore, key: Key) =>
    store.listOwnership(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup)
  const checkpoints = (store: CheckpointStore, key: Key) =>
    store.listCheckpoints(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup)
  const claim = async (store: CheckpointStore, ownership: PartitionOwnership) => {
    // The SDK's stores write the new etag into the object they are given.
    const [claimed] = await store.claimOwnership([{ ...ownership }])
    return claimed
  }
  const byPartition = <T extends { partitionId: string }>(records: T[]): T[] =>
    records.sort((a, b) => Number(a.partitionId) - Number(b.partitionId))

  describe(`${name}: ownership`, () => {
    it('is empty before the first claim', async () => {
      expect(await list(open(), newKey())).toEqual([])
    })

    it('is listed with etag and time as it was claimed', async () => {
      const key = newKey()
      const before = Date.now()
      const claimed = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      expect(claimed).toMatchObject({ ...key, partitionId: '0', ownerId: 'a' })
      expect(claimed?.etag).toMatch(/.+/)
      const listed = await list(second(), key)
      expect(listed).toHaveLength(1)
      expect(listed[0]).toMatchObject({ ...key, partitionId: '0', ownerId: 'a' })
      expect(listed[0]?.etag).toMatch(/.+/)
      // Storage accounts keep whole seconds, by their own clock.
      expect(Math.abs((listed[0]?.lastModifiedTimeInMs ?? 0) - before)).toBeLessThan(10_000)
    })

    it('goes to who names the stored etag, whether from a claim or from a listing', async () => {
      const key = newKey()
      const first = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      const renewed = await claim(open(), { ...first!, ownerId: 'a' })
      expect(renewed?.etag).not.toBe(first?.etag)
      const [listed] = await list(second(), key)
      const taken = await claim(second(), { ...listed!, ownerId: 'b' })
      expect(taken).toMatchObject({ partitionId: '0', ownerId: 'b' })
      expect(await list(open(), key)).toMatchObject([{ ownerId: 'b' }])
    })

    it('does not go to who names an old etag, be it the same owner', async () => {
      const key = newKey()
      const first = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      const current = await claim(open(), first!)
      expect(await claim(second(), { ...first!, ownerId: 'b' })).toBeUndefined()
      expect(await claim(open(), first!)).toBeUndefined()
      expect(await list(open(), key)).toMatchObject([{ ownerId: 'a' }])
      expect(await claim(open(), current!)).toMatchObject({ ownerId: 'a' })
    })

    it('keeps its etag while nobody claims', async () => {
      const key = newKey()
      await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      const [once] = await list(second(), key)
      const [twice] = await list(second(), key)
      expect(twice?.etag).toBe(once?.etag)
      await claim(open(), once!)
      const [after] = await list(second(), key)
      expect(after?.etag).not.toBe(once?.etag)
    })

    it('can be given up, and is then claimed by its etag', async () => {
      const key = newKey()
      const first = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      const released = await claim(open(), { ...first!, ownerId: '' })
      expect(released).toMatchObject({ ownerId: '' })
      const [listed] = await list(second(), key)
      expect(listed?.ownerId).toBe('')
      expect(await claim(second(), { ...listed!, ownerId: 'b' })).toMatchObject({ ownerId: 'b' })
    })

    it('is claimed for many partitions in one call, the lost ones left out', async () => {
      const key = newKey()
      const partitions = Array.from({ length: 40 }, (_, i) => ({ ...key, partitionId: String(i), ownerId: 'a' }))
      const won = await open().claimOwnership(partitions.map((partition) => ({ ...partition })))
      expect(byPartition(won).map(({ partitionId }) => partitionId)).toEqual(partitions.map((p) => p.partitionId))
      await claim(second(), { ...won[7]!, ownerId: 'b' })
      const again = await open().claimOwnership(won.map((ownership) => ({ ...ownership })))
      expect(again.map(({ partitionId }) => partitionId)).not.toContain('7')
      expect(again).toHaveLength(39)
      const owners = byPartition(await list(second(), key)).map(({ ownerId }) => ownerId)
      expect(owners).toEqual(partitions.map((_, i) => (i === 7 ? 'b' : 'a')))
    })

    it('goes to one of many that claim at once', async () => {
      const key = newKey()
      let [current] = await open().claimOwnership([{ ...key, partitionId: '0', ownerId: 'first' }])
      for (let round = 0; round < 5; round++) {
        const rivals = Array.from({ length: 10 }, (_, i) =>
          claim(i % 2 ? open() : second(), { ...current!, ownerId: `r${i}` }),
        )
        const won = (await Promise.all(rivals)).filter((ownership) => ownership !== undefined)
        expect(won).toHaveLength(1)
        current = won[0]
        expect(await list(second(), key)).toMatchObject([{ ownerId: current?.ownerId }])
      }
    })

    it.runIf(conditionalFirstClaim)('is claimed for the first time by one only', async () => {
      const key = newKey()
      const rivals = Array.from({ length: 10 }, (_, i) =>
        claim(i % 2 ? open() : second(), { ...key, partitionId: '0', ownerId: `r${i}` }),
      )
      const won = (await Promise.all(rivals)).filter((ownership) => ownership !== undefined)
      expect(won).toHaveLength(1)
      expect(await claim(open(), { ...key, partitionId: '0', ownerId: won[0]!.ownerId })).toBeUndefined()
    })

    it('is not claimed by an etag where there is no record', async () => {
      const key = newKey()
      const elsewhere = await claim(open(), { ...newKey(), partitionId: '0', ownerId: 'a' })
      const attempt = claim(open(), { ...key, partitionId: '0', ownerId: 'a', etag: elsewhere!.etag! })
      // The SDK's blob store rejects; ours say that the claim is lost.
      expect(await (validates ? attempt : attempt.catch(() => undefined))).toBeUndefined()
      expect(await list(open(), key)).toEqual([])
    })

    it('carries what a member says of itself under a reserved event hub name', async () => {
      const key = { ...newKey(), eventHubName: '$members' }
      const ownerId = 'aZ09-_.~+/='.repeat(559).slice(0, 6144)
      const claimed = await claim(open(), { ...key, partitionId: '0', ownerId })
      expect(await list(second(), key)).toMatchObject([{ ownerId, partitionId: '0' }])
      expect(await claim(second(), { ...claimed!, ownerId: '' })).toBeDefined()
    })
  })

  describe(`${name}: checkpoints`, () => {
    const at = (key: Key, partitionId: string, sequenceNumber: number): Checkpoint => ({
      ...key,
      partitionId,
      sequenceNumber,
      offset: String(sequenceNumber * 120),
    })

    it('are none before the first', async () => {
      expect(await checkpoints(open(), newKey())).toEqual([])
    })

    it('are listed as they were last written, by whomever', async () => {
      const key = newKey()
      await open().updateCheckpoint(at(key, '0', 5))
      await open().updateCheckpoint(at(key, '1', 0))
      await second().updateCheckpoint(at(key, '0', 3))
      expect(byPartition(await checkpoints(open(), key))).toEqual([at(key, '0', 3), at(key, '1', 0)])
      expect(byPartition(await checkpoints(second(), key))).toEqual([at(key, '0', 3), at(key, '1', 0)])
    })

    it('carry opaque offsets, large sequence numbers and the marks of a reset', async () => {
      const key = newKey()
      const written = [
        { ...at(key, '0', 1), offset: '1:2:3 x' },
        { ...at(key, '1', Number.MAX_SAFE_INTEGER) },
        { ...at(key, '2', -1), offset: '@latest' },
        { ...at(key, '3', -2), offset: '-1' },
      ]
      for (const checkpoint of written) await open().updateCheckpoint(checkpoint)
      expect(byPartition(await checkpoints(second(), key))).toEqual(written)
    })

    it('of one partition, written one after the other, end with the last', async () => {
      const key = newKey()
      const store = open()
      await Promise.all(
        Array.from({ length: 20 }, (_, partition) => store.updateCheckpoint(at(key, String(partition), 1))),
      )
      for (let i = 0; i < 20; i++) await store.updateCheckpoint(at(key, '0', i))
      const listed = byPartition(await checkpoints(second(), key))
      expect(listed).toHaveLength(20)
      expect(listed[0]).toEqual(at(key, '0', 19))
    })

    it('leave ownership alone, and the reverse', async () => {
      const key = newKey()
      const claimed = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      await open().updateCheckpoint(at(key, '0', 1))
      expect(await list(second(), key)).toMatchObject([{ ownerId: 'a' }])
      expect(await claim(second(), claimed!)).toBeDefined()
      expect(await checkpoints(second(), key)).toEqual([at(key, '0', 1)])
    })
  })

  describe(`${name}: names`, () => {
    it('keeps namespaces, event hubs and groups apart', async () => {
      const key = newKey()
      const others = [
        { ...key, fullyQualifiedNamespace: `x${key.fullyQualifiedNamespace}` },
        { ...key, eventHubName: 'orders2' },
        { ...key, eventHubName: 'order' },
        { ...key, consumerGroup: 'billing2' },
        { ...key, consumerGroup: 'bill' },
      ]
      await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      await open().updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 1, offset: '1' })
      for (const other of others) {
        expect(await list(open(), other)).toEqual([])
        expect(await checkpoints(open(), other)).toEqual([])
      }
    })

    it('compares them without regard to case, and answers in the case of the question', async () => {
      const key = newKey()
      await claim(open(), { ...key, eventHubName: 'Orders', partitionId: '0', ownerId: 'a' })
      const asked = {
        fullyQualifiedNamespace: key.fullyQualifiedNamespace.toUpperCase(),
        eventHubName: 'ORDERS',
        consumerGroup: 'Billing',
      }
      expect(await list(second(), asked)).toMatchObject([{ ...asked, ownerId: 'a' }])
    })

    it('takes an emulator with its port for a namespace', async () => {
      const port = 10_000 + Math.floor(Math.random() * 50_000)
      const key = { ...newKey(), fullyQualifiedNamespace: `localhost:${port}`, consumerGroup: randomUUID() }
      const other = { ...key, fullyQualifiedNamespace: 'localhost:5672' }
      await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      expect(await list(second(), key)).toHaveLength(1)
      expect(await list(second(), other)).toEqual([])
    })

    it.runIf(oddNames)('keeps every group id apart that Kafka allows', async () => {
      const base = newKey()
      const keys = ODD_NAMES.map((consumerGroup) => ({ ...base, consumerGroup }))
      for (const [i, key] of keys.entries()) {
        expect(await claim(open(), { ...key, partitionId: '0', ownerId: `owner-${i}` })).toBeDefined()
        await open().updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: i, offset: String(i) })
      }
      for (const [i, key] of keys.entries()) {
        expect(await list(second(), key)).toMatchObject([{ ...key, ownerId: `owner-${i}` }])
        expect(await checkpoints(second(), key)).toEqual([
          { ...key, partitionId: '0', sequenceNumber: i, offset: String(i) },
        ])
      }
      const groups = await second().listGroups!(base.fullyQualifiedNamespace)
      expect(groups.map(({ consumerGroup }) => consumerGroup).sort()).toEqual([...ODD_NAMES].sort())
    })

    it.runIf(oddNames)('keeps a slash in an event hub apart from one in a group', async () => {
      const base = newKey()
      const one = { ...base, eventHubName: 'a/b', consumerGroup: 'c' }
      const other = { ...base, eventHubName: 'a', consumerGroup: 'b/c' }
      const third = { ...base, eventHubName: 'a//b', consumerGroup: 'c' }
      await claim(open(), { ...one, partitionId: '0', ownerId: 'one' })
      expect(await list(second(), other)).toEqual([])
      await claim(open(), { ...other, partitionId: '0', ownerId: 'other' })
      await claim(open(), { ...third, partitionId: '0', ownerId: 'third' })
      expect(await list(second(), one)).toMatchObject([{ ownerId: 'one' }])
      expect(await list(second(), other)).toMatchObject([{ ownerId: 'other' }])
      expect(await list(second(), third)).toMatchObject([{ ownerId: 'third' }])
      const groups = await second().listGroups!(base.fullyQualifiedNamespace)
      const sorted = groups.map(({ consumerGroup, eventHubNames }) => [consumerGroup, ...eventHubNames.sort()])
      expect(sorted.sort()).toEqual([
        ['b/c', 'a'],
        ['c', 'a//b', 'a/b'],
      ])
    })

    it.runIf(oddNames)('takes any partition id, with regard to case', async () => {
      const key = newKey()
      const ids = ['a', 'A', 'x/y', 'x y', '..', 'ü', 'client-1-0f3c']
      for (const [i, partitionId] of ids.entries()) await claim(open(), { ...key, partitionId, ownerId: `owner-${i}` })
      const listed = await list(second(), key)
      expect(listed.map(({ partitionId }) => partitionId).sort()).toEqual([...ids].sort())
      for (const [i, id] of ids.entries()) {
        expect(listed.find(({ partitionId }) => partitionId === id)?.ownerId).toBe(`owner-${i}`)
      }
    })
  })

  describe.runIf(admin)(`${name}: groups`, () => {
    it('are listed by namespace, as they were spelled', async () => {
      const key = newKey()
      await open().updateCheckpoint({
        ...key,
        eventHubName: 'OrderEvents',
        consumerGroup: 'Billing',
        partitionId: '0',
        sequenceNumber: 1,
        offset: '1',
      })
      await claim(open(), {
        ...key,
        eventHubName: 'payments',
        consumerGroup: 'Billing',
        partitionId: '0',
        ownerId: 'a',
      })
      await claim(open(), { ...key, eventHubName: '$members', consumerGroup: 'idle', partitionId: '0', ownerId: 'a' })
      const groups = await second().listGroups!(key.fullyQualifiedNamespace)
      expect(groups.sort((a, b) => a.consumerGroup.localeCompare(b.consumerGroup))).toEqual([
        { consumerGroup: 'Billing', eventHubNames: expect.arrayContaining(['OrderEvents', 'payments']) },
        { consumerGroup: 'idle', eventHubNames: [] },
      ])
      expect(await second().listGroups!(newKey().fullyQualifiedNamespace)).toEqual([])
    })

    it('are forgotten one at a time, whatever the case', async () => {
      const key = newKey()
      const other = { ...key, consumerGroup: 'shipping' }
      const claimed = await claim(open(), { ...key, partitionId: '0', ownerId: 'a' })
      for (const one of [key, other]) {
        await open().updateCheckpoint({ ...one, partitionId: '0', sequenceNumber: 1, offset: '1' })
      }
      await second().deleteGroup!(key.fullyQualifiedNamespace, 'BILLING')
      expect(await list(open(), key)).toEqual([])
      expect(await checkpoints(open(), key)).toEqual([])
      expect(await checkpoints(open(), other)).toHaveLength(1)
      expect(await open().listGroups!(key.fullyQualifiedNamespace)).toMatchObject([{ consumerGroup: 'shipping' }])
      // Who still believes to own a partition of it finds the claim lost.
      expect(await claim(open(), claimed!)).toBeUndefined()
      await second().deleteGroup!(key.fullyQualifiedNamespace, 'billing')
      expect(await claim(open(), { ...key, partitionId: '0', ownerId: 'b' })).toBeDefined()
    })

    it('lose one checkpoint at a time', async () => {
      const key = newKey()
      for (const partitionId of ['0', '1']) {
        await open().updateCheckpoint({ ...key, partitionId, sequenceNumber: 1, offset: '1' })
      }
      const forget = (partitionId: string) =>
        second().deleteCheckpoint!(key.fullyQualifiedNamespace, key.eventHubName, key.consumerGroup, partitionId)
      await forget('0')
      await forget('0')
      await forget('9')
      expect(await checkpoints(open(), key)).toMatchObject([{ partitionId: '1' }])
      await second().deleteCheckpoint!(newKey().fullyQualifiedNamespace, 'orders', 'nobody', '0')
    })
  })

  describe.runIf(validates)(`${name}: what it refuses`, () => {
    const refused = { name: 'KafkaJSNonRetriableError', retriable: false }

    it.each(['fullyQualifiedNamespace', 'eventHubName', 'consumerGroup', 'partitionId'])(
      'a record without %s',
      async (field) => {
        const key = { ...newKey(), partitionId: '0', [field]: '' }
        await expect(open().claimOwnership([{ ...key, ownerId: 'a' }])).rejects.toMatchObject(refused)
        await expect(open().updateCheckpoint({ ...key, sequenceNumber: 1, offset: '1' })).rejects.toMatchObject(refused)
      },
    )

    it.each([
      ['too long', 'x'.repeat(8000)],
      ['not ASCII', 'é'],
      ['with a line break', 'a\nb'],
      ['with a blank at the end', 'a '],
      ['missing', undefined as unknown as string],
    ])('an owner id that is %s', async (_, ownerId) => {
      const key = newKey()
      const attempt = open().claimOwnership([
        { ...key, partitionId: '0', ownerId: 'fine' },
        { ...key, partitionId: '1', ownerId },
      ])
      await expect(attempt).rejects.toMatchObject({ ...refused, message: expect.stringContaining('ownerId') })
      expect(await list(open(), key)).toEqual([])
    })

    it.each([
      ['sequence number', { sequenceNumber: Number.NaN, offset: '1' }],
      ['sequence number', { sequenceNumber: 1.5, offset: '1' }],
      ['sequence number', { sequenceNumber: undefined as unknown as number, offset: '1' }],
      ['offset', { sequenceNumber: 1, offset: undefined as unknown as string }],
      ['offset', { sequenceNumber: 1, offset: 'é' }],
    ])('a checkpoint without a usable %s', async (_, position) => {
      await expect(open().updateCheckpoint({ ...newKey(), partitionId: '0', ...position })).rejects.toMatchObject(
        refused,
      )
    })

    it('calls of who has given up', async () => {
      const { fullyQualifiedNamespace: ns, eventHubName: hub, consumerGroup: group } = newKey()
      const options = { abortSignal: AbortSignal.abort() }
      const given = { fullyQualifiedNamespace: ns, eventHubName: hub, consumerGroup: group, partitionId: '0' }
      const aborted = { name: 'AbortError' }
      const store = open()
      await expect(store.listOwnership(ns, hub, group, options)).rejects.toMatchObject(aborted)
      await expect(store.listCheckpoints(ns, hub, group, options)).rejects.toMatchObject(aborted)
      await expect(store.claimOwnership([{ ...given, ownerId: 'a' }], options)).rejects.toMatchObject(aborted)
      await expect(store.updateCheckpoint({ ...given, sequenceNumber: 1, offset: '1' }, options)).rejects.toMatchObject(
        aborted,
      )
      expect(await store.listOwnership(ns, hub, group)).toEqual([])
      expect(await store.listCheckpoints(ns, hub, group)).toEqual([])
    })

    it('calls of who gives up in the middle', async () => {
      const { fullyQualifiedNamespace: ns, eventHubName: hub, consumerGroup: group } = newKey()
      const given = { fullyQualifiedNamespace: ns, eventHubName: hub, consumerGroup: group, partitionId: '0' }
      const store = open()
      for (const call of [
        (options: CheckpointStoreOptions) => store.listOwnership(ns, hub, group, options),
        (options: CheckpointStoreOptions) => store.listCheckpoints(ns, hub, group, options),
        (options: CheckpointStoreOptions) => store.claimOwnership([{ ...given, ownerId: 'a' }], options),
        (options: CheckpointStoreOptions) =>
          store.updateCheckpoint({ ...given, sequenceNumber: 1, offset: '1' }, options),
      ]) {
        const controller = new AbortController()
        const calling = call({ abortSignal: controller.signal })
        controller.abort()
        await expect(calling).rejects.toMatchObject({ name: 'AbortError' })
      }
      // What they had begun is over when what comes behind it is.
      await store.updateCheckpoint({ ...given, sequenceNumber: 2, offset: '2' })
    })
  })
}

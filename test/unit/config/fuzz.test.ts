import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sharedAccessOf } from '../../../src/auth/shared-access.js'
import { parseBlobName } from '../../../src/checkpoint/blob/names.js'
import { createGroupState } from '../../../src/checkpoint/group-state.js'
import { kafkaSettings } from '../../../src/config/config.js'
import { resolveNamespace } from '../../../src/config/namespace.js'
import { unknownOptions } from '../../../src/config/unknown-options.js'
import { isKafkaJSError } from '../../../src/errors/index.js'
import { decodeMemberRecord, fromOwnerId } from '../../../src/group/member-record.js'
import type { KafkaConfig } from '../../../src/types/index.js'
import { scaled } from '../../support/pace.js'

/** The same inputs in every run: what fails, fails again. */
const runs = { seed: 20_230_607, numRuns: 500 }

/** Anything goes in; what comes out is a value or an error of the family, soon, and never a secret. */
const secret = 'c2VjcmV0LW9mLWZ1eno='

const parts = fc.constantFrom(
  'Endpoint=sb://ns.servicebus.windows.net/',
  'Endpoint=',
  'endpoint=sb://localhost:5672',
  'SharedAccessKeyName=key',
  `SharedAccessKey=${secret}`,
  'EntityPath=orders',
  'UseDevelopmentEmulator=true',
  'SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=9&skn=c',
  '=',
  ';;',
)
const connectionStrings = fc
  .array(fc.oneof(parts, fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 8 })
  .map((list) => list.join(';'))

const attempt = async (operation: () => unknown): Promise<void> => {
  const begun = performance.now()
  try {
    await operation()
  } catch (error) {
    expect(isKafkaJSError(error) || error instanceof TypeError).toBe(true)
    expect(String((error as Error).message)).not.toContain(secret)
  }
  expect(performance.now() - begun).toBeLessThan(scaled(1000))
}

it('connection strings', async () => {
  await fc.assert(
    fc.asyncProperty(connectionStrings, async (connectionString) => {
      await attempt(() => sharedAccessOf(connectionString))
      await attempt(() => resolveNamespace(kafkaSettings({ eventHubs: { connectionString } })))
    }),
    runs,
  )
})

it('brokers', async () => {
  const broker = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.webUrl(),
    fc.tuple(fc.domain(), fc.nat()).map(([host, port]) => `${host}:${port}`),
    fc.ipV6().map((host) => `[${host}]:9093`),
    connectionStrings,
    fc.anything(),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(broker, { maxLength: 3 }), (brokers) =>
      attempt(() => resolveNamespace(kafkaSettings({ brokers: brokers as string[] }))),
    ),
    runs,
  )
})

it('options', async () => {
  const value = fc.anything({ maxDepth: 1 })
  const options = fc.record(
    {
      clientId: value,
      connectionTimeout: value,
      requestTimeout: value,
      retry: fc.record({ retries: value, factor: value, initialRetryTime: value }, { requiredKeys: [] }),
      sasl: fc.record({ mechanism: value, username: value, password: value }, { requiredKeys: [] }),
      eventHubs: fc.dictionary(fc.string({ maxLength: 20 }), value),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(options, async (given) => {
      await attempt(() => kafkaSettings({ brokers: ['localhost:1'], ...given } as unknown as KafkaConfig))
      await attempt(() => unknownOptions(given.eventHubs))
    }),
    runs,
  )
})

it('stored records', () => {
  const change = fc.oneof(
    fc.anything(),
    fc.record({
      op: fc.constantFrom('claim', 'commit', 'forget', 'clear', 'name', 'other'),
      hub: fc.oneof(fc.string(), fc.anything()),
      partition: fc.oneof(fc.string(), fc.anything()),
      owner: fc.oneof(fc.string(), fc.anything()),
      etag: fc.oneof(fc.string(), fc.anything()),
      time: fc.oneof(fc.nat(), fc.anything()),
      sequenceNumber: fc.oneof(fc.integer(), fc.anything()),
      offset: fc.oneof(fc.string(), fc.anything()),
    }),
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 10 }), (changes) => {
      const state = createGroupState()
      for (const one of changes) expect(typeof state.apply(one as never)).toBe('boolean')
      // What was taken can be written and read again.
      const copy = createGroupState()
      for (const one of state.changes()) expect(copy.apply(one)).toBe(true)
      expect(copy.eventHubNames()).toEqual(state.eventHubNames())
    }),
    runs,
  )
})

it('member records, owners and names of blobs', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' })), (text) => {
      decodeMemberRecord(text)
      fromOwnerId(text)
      fromOwnerId(`kafkajs:${text}`)
      parseBlobName(text)
      parseBlobName(`ns/${text}/group/checkpoint/0`)
    }),
    runs,
  )
})

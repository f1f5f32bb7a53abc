import { describe, expect, it } from 'vitest'
import type { EventHubSettings } from '../../../src/management/management.js'
import { fromEventHubSettings, toEventHubSettings } from '../../../src/management/topic-settings.js'

const pairs: [string, string, EventHubSettings][] = [
  ['retention.ms', '86400000', { retentionHours: 24 }],
  ['retention.ms', '-1', { retentionHours: -1 }],
  ['cleanup.policy', 'delete', { cleanupPolicy: 'delete' }],
  ['cleanup.policy', 'compact', { cleanupPolicy: 'compact' }],
  ['cleanup.policy', 'compact,delete', { cleanupPolicy: 'compact,delete' }],
  ['delete.retention.ms', '7200000', { tombstoneRetentionHours: 2 }],
  ['min.compaction.lag.ms', '300000', { minCompactionLagMinutes: 5 }],
  ['message.timestamp.type', 'CreateTime', { timestampType: 'CreateTime' }],
  ['message.timestamp.type', 'LogAppendTime', { timestampType: 'LogAppendTime' }],
]

describe('settings of topics', () => {
  it.each(pairs)('%s=%s there and back', (name, value, settings) => {
    expect(toEventHubSettings('orders', [{ name, value }])).toEqual(settings)
    const eventHub = { name: 'orders', partitionCount: 1, partitionIds: ['0'], ...settings }
    expect(fromEventHubSettings(eventHub)).toEqual([{ name, value }])
  })

  it('takes the policies in any order, and several settings at once', () => {
    const entries = [
      { name: 'cleanup.policy', value: 'delete, compact' },
      { name: 'retention.ms', value: '3600000' },
    ]
    expect(toEventHubSettings('orders', entries)).toEqual({ cleanupPolicy: 'compact,delete', retentionHours: 1 })
    expect(toEventHubSettings('orders', [])).toEqual({})
  })

  it.each([
    ['retention.ms', '1000', 'must be a whole number of hours in ms, or -1, got "1000"'],
    ['retention.ms', '0', 'must be'],
    ['retention.ms', '-2', 'must be'],
    ['retention.ms', '1e9', 'must be'],
    ['cleanup.policy', 'keep', 'must be "delete" or "compact" or "compact,delete", got "keep"'],
    ['cleanup.policy', 'compact,compact,keep', 'must be'],
    ['delete.retention.ms', '1', 'must be a whole number of hours in ms'],
    ['min.compaction.lag.ms', '59999', 'must be a whole number of minutes in ms'],
    ['message.timestamp.type', 'createtime', 'must be "LogAppendTime" or "CreateTime"'],
    ['segment.bytes', '1', 'has no counterpart in Event Hubs; these have: retention.ms, cleanup.policy'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => toEventHubSettings('orders', [{ name, value }])).toThrow(
      expect.objectContaining({
        name: 'KafkaJSProtocolError',
        type: 'INVALID_CONFIG',
        topic: 'orders',
        message: expect.stringContaining(`Topic "orders": ${name} ${message}`),
      }),
    )
  })
})

import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventHubDescription, EventHubSettings } from './management.js'

/**
 * Kafka's topic settings and what Event Hubs calls them. What stands here can be read and written through Resource
 * Manager; the namespace's own API knows retention only, in whole days.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const HOURS_PER_DAY = 24

interface TopicSetting {
  /** Undefined: the value is not a legal one; the second element says what is. */
  parse(value: string): EventHubSettings | undefined
  readonly legal: string
  format(eventHub: EventHubDescription): string | undefined
}

const cleanupPolicies = ['delete', 'compact', 'compact,delete'] as const
const timestampTypes = ['LogAppendTime', 'CreateTime'] as const

const settings = new Map<string, TopicSetting>([
  [
    'retention.ms',
    {
      // -1 is "for ever" to both.
      parse: (value) => (value === '-1' ? { retentionHours: -1 } : duration(value, HOUR_MS, 'retentionHours')),
      legal: 'a whole number of hours in ms, or -1',
      format: ({ retentionHours }) => toMs(retentionHours, HOUR_MS),
    },
  ],
  [
    'cleanup.policy',
    {
      parse(value) {
        const wanted = new Set(value.split(',').map((policy) => policy.trim()))
        const cleanupPolicy = cleanupPolicies.find((policy) => {
          const parts = policy.split(',')
          return parts.length === wanted.size && parts.every((part) => wanted.has(part))
        })
        return cleanupPolicy && { cleanupPolicy }
      },
      legal: cleanupPolicies.map((policy) => `"${policy}"`).join(' or '),
      format: ({ cleanupPolicy }) => cleanupPolicy,
    },
  ],
  [
    'delete.retention.ms',
    {
      parse: (value) => duration(value, HOUR_MS, 'tombstoneRetentionHours'),
      legal: 'a whole number of hours in ms',
      format: ({ tombstoneRetentionHours }) => toMs(tombstoneRetentionHours, HOUR_MS),
    },
  ],
  [
    'min.compaction.lag.ms',
    {
      parse: (value) => duration(value, MINUTE_MS, 'minCompactionLagMinutes'),
      legal: 'a whole number of minutes in ms',
      format: ({ minCompactionLagMinutes }) => toMs(minCompactionLagMinutes, MINUTE_MS),
    },
  ],
  [
    'message.timestamp.type',
    {
      parse(value) {
        const timestampType = timestampTypes.find((type) => type === value)
        return timestampType && { timestampType }
      },
      legal: timestampTypes.map((type) => `"${type}"`).join(' or '),
      format: ({ timestampType }) => timestampType,
    },
  ],
])

/**
 * Kafka's configuration entries as Event Hubs settings. Throws INVALID_CONFIG for a name that Event Hubs has no setting
 * for, and for a value it cannot take.
 */
export function toEventHubSettings(
  topic: string,
  entries: readonly { readonly name: string; readonly value: string }[],
): EventHubSettings {
  return Object.assign(
    {},
    ...entries.map(({ name, value }) => {
      const setting = settings.get(name)
      if (!setting) {
        throw invalidConfig(
          topic,
          `${name} has no counterpart in Event Hubs; these have: ${[...settings.keys()].join(', ')}`,
        )
      }
      const parsed = setting.parse(value)
      if (!parsed) throw invalidConfig(topic, `${name} must be ${setting.legal}, got "${value}"`)
      return parsed
    }),
  )
}

/** The settings of an event hub under Kafka's names; those that the management API does not tell are left out. */
export function fromEventHubSettings(eventHub: EventHubDescription): { name: string; value: string }[] {
  return [...settings].flatMap(([name, { format }]) => {
    const value = format(eventHub)
    return value === undefined ? [] : [{ name, value }]
  })
}

/** Throws INVALID_CONFIG for what the namespace's own API cannot express. */
export function refuseNamespaceSettings(topic: string, wanted: EventHubSettings): void {
  const viaResourceManager =
    'through Azure Resource Manager only: set eventHubs.management to { subscriptionId, resourceGroupName }'
  const { retentionHours, cleanupPolicy, timestampType } = wanted
  if (retentionHours !== undefined && (retentionHours < HOURS_PER_DAY || retentionHours % HOURS_PER_DAY !== 0)) {
    throw invalidConfig(topic, `retention.ms other than whole days can be set ${viaResourceManager}`)
  }
  const refused = [
    [cleanupPolicy !== undefined && cleanupPolicy !== 'delete', 'cleanup.policy other than "delete"'],
    [wanted.tombstoneRetentionHours !== undefined, 'delete.retention.ms'],
    [wanted.minCompactionLagMinutes !== undefined, 'min.compaction.lag.ms'],
    [
      timestampType !== undefined && timestampType !== 'LogAppendTime',
      'message.timestamp.type other than "LogAppendTime"',
    ],
  ] as const
  for (const [isRefused, what] of refused) {
    if (isRefused) throw invalidConfig(topic, `${what} can be set ${viaResourceManager}`)
  }
}

export function invalidConfig(topic: string, text: string): Error {
  return Object.assign(createProtocolError('INVALID_CONFIG', { message: `Topic "${topic}": ${text}` }), { topic })
}

function duration<Name extends string>(value: string, unit: number, name: Name): Record<Name, number> | undefined {
  const ms = /^\d+$/.test(value) ? Number(value) : Number.NaN
  return ms > 0 && ms % unit === 0 ? ({ [name]: ms / unit } as Record<Name, number>) : undefined
}

function toMs(value: number | undefined, unit: number): string | undefined {
  if (value === undefined) return undefined
  return value < 0 ? '-1' : String(value * unit)
}

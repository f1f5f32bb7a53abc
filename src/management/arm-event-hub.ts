import type { EventHubDescription, EventHubSettings } from './management.js'

/** An event hub as Azure Resource Manager has it: what this library reads and writes of it. */
export interface ArmEventHub {
  name?: string
  readonly partitionIds?: readonly string[]
  readonly createdAt?: Date
  partitionCount?: number
  status?: string
  messageRetentionInDays?: number
  retentionDescription?: ArmRetention
  messageTimestampDescription?: { timestampType?: string }
}

export interface ArmRetention {
  cleanupPolicy?: string
  /** -1 is for ever; a compacted event hub tells the largest 64-bit number. */
  retentionTimeInHours?: number
  tombstoneRetentionTimeInHours?: number
  minCompactionLagTimeInMinutes?: number
}

const HOURS_PER_DAY = 24

const cleanupPolicies = [
  ['delete', 'Delete'],
  ['compact', 'Compact'],
  ['compact,delete', 'DeleteOrCompact'],
] as const

const timestampTypes = [
  ['LogAppendTime', 'LogAppend'],
  ['CreateTime', 'Create'],
] as const

/** Settings as Resource Manager takes them; what is left out stays out. */
export function toArm(settings: EventHubSettings): ArmEventHub {
  const { partitionCount, retentionHours, cleanupPolicy, tombstoneRetentionHours, minCompactionLagMinutes } = settings
  const retention: ArmRetention = {
    ...(cleanupPolicy !== undefined && { cleanupPolicy: translated(cleanupPolicies, cleanupPolicy) }),
    ...(retentionHours !== undefined && { retentionTimeInHours: retentionHours }),
    ...(tombstoneRetentionHours !== undefined && { tombstoneRetentionTimeInHours: tombstoneRetentionHours }),
    ...(minCompactionLagMinutes !== undefined && { minCompactionLagTimeInMinutes: minCompactionLagMinutes }),
  }
  const timestampType = settings.timestampType && translated(timestampTypes, settings.timestampType)
  return {
    ...(partitionCount !== undefined && { partitionCount }),
    ...(Object.keys(retention).length > 0 && { retentionDescription: retention }),
    ...(timestampType !== undefined && { messageTimestampDescription: { timestampType } }),
  }
}

export function fromArm(eventHub: ArmEventHub): EventHubDescription {
  const { name = '', partitionIds = [], partitionCount = partitionIds.length, createdAt, status } = eventHub
  const { cleanupPolicy, tombstoneRetentionTimeInHours, minCompactionLagTimeInMinutes } =
    eventHub.retentionDescription ?? {}
  const retentionHours = retentionHoursOf(eventHub)
  const policy = cleanupPolicies.find(([, arm]) => arm === cleanupPolicy)?.[0]
  const timestampType = timestampTypes.find(
    ([, arm]) => arm === eventHub.messageTimestampDescription?.timestampType,
  )?.[0]
  return {
    name,
    partitionCount,
    partitionIds:
      partitionIds.length > 0 ? partitionIds : Array.from({ length: partitionCount }, (_, id) => String(id)),
    ...(createdAt && { createdAt }),
    ...(status !== undefined && { status }),
    ...(retentionHours !== undefined && { retentionHours }),
    ...(policy && { cleanupPolicy: policy }),
    ...(tombstoneRetentionTimeInHours !== undefined && { tombstoneRetentionHours: tombstoneRetentionTimeInHours }),
    ...(minCompactionLagTimeInMinutes !== undefined && { minCompactionLagMinutes: minCompactionLagTimeInMinutes }),
    ...(timestampType && { timestampType }),
  }
}

function retentionHoursOf({ retentionDescription, messageRetentionInDays }: ArmEventHub): number | undefined {
  const hours = retentionDescription?.retentionTimeInHours
  if (hours !== undefined) return hours < 0 || hours > Number.MAX_SAFE_INTEGER ? -1 : hours
  return messageRetentionInDays === undefined ? undefined : messageRetentionInDays * HOURS_PER_DAY
}

/**
 * A PUT replaces the whole event hub, capture and metadata among it: everything that is there goes back. Retention in days
 * stands beside the description that it is made from, and would contradict a changed one.
 */
export function merge(current: ArmEventHub, changes: ArmEventHub): ArmEventHub {
  const { messageRetentionInDays, ...kept } = writable(current)
  const { retentionDescription } = changes
  if (!retentionDescription) {
    return { ...kept, ...(messageRetentionInDays !== undefined && { messageRetentionInDays }), ...changes }
  }
  const before = kept.retentionDescription ?? {
    ...(messageRetentionInDays !== undefined && { retentionTimeInHours: messageRetentionInDays * HOURS_PER_DAY }),
  }
  // Retention without a policy is refused.
  return { ...kept, ...changes, retentionDescription: { cleanupPolicy: 'Delete', ...before, ...retentionDescription } }
}

/** Without the largest 64-bit number: as a number of JavaScript it is one too large, and would be refused. */
function writable({ messageRetentionInDays, retentionDescription, ...kept }: ArmEventHub): ArmEventHub {
  const { retentionTimeInHours, ...description } = retentionDescription ?? {}
  return {
    ...kept,
    ...(isWritable(messageRetentionInDays) && { messageRetentionInDays }),
    ...(retentionDescription && {
      retentionDescription: { ...description, ...(isWritable(retentionTimeInHours) && { retentionTimeInHours }) },
    }),
  }
}

const isWritable = (value: number | undefined): value is number =>
  value !== undefined && value <= Number.MAX_SAFE_INTEGER

function translated<Kafka extends string>(table: readonly (readonly [Kafka, string])[], value: Kafka): string {
  return table.find(([kafka]) => kafka === value)?.[1] ?? value
}

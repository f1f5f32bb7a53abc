import type { Admin } from '../exports.js'

/** A topic with its partitions and settings. */
export interface TopicReport {
  readonly topic: string
  readonly partitions: readonly { partition: number; low: string; high: string; messages: string }[]
  readonly settings: Readonly<Record<string, string>>
}

/** Looks at a topic. */
export async function describeTopic(admin: Admin, topic: string): Promise<TopicReport> {
  const ends = await admin.fetchTopicOffsets(topic)
  return {
    topic,
    partitions: ends
      .map(({ partition, low, high }) => ({ partition, low, high, messages: String(BigInt(high) - BigInt(low)) }))
      .sort((a, b) => a.partition - b.partition),
    settings: await settingsOf(admin, topic),
  }
}

/** None where the credential may not manage: the rest of the description needs no more than Listen. */
async function settingsOf(admin: Admin, topic: string): Promise<Record<string, string>> {
  const { ConfigResourceTypes } = await import('../exports.js')
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    })
    const entries = resources[0]?.configEntries ?? []
    return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
  } catch {
    return {}
  }
}

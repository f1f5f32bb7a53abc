import type { EventHub } from '../../model/hub.js'
import type { RetentionOptions } from '../../model/spec.js'
import { mayUse } from '../context.js'
import { ERROR, KafkaError } from '../protocol/error-codes.js'
import { DESCRIBE_CONFIGS } from '../protocol/schemas/topics.js'
import { handler } from './handler.js'

const TOPIC = 2
const BROKER = 4

/** The sources a value comes from. Source: apache/kafka, DescribeConfigsResponse.ConfigSource. */
const SOURCE = { topic: 1, default: 5 } as const

interface Config {
  readonly name: string
  readonly value: string
  readonly readOnly: boolean
  readonly configSource: number
}

const HOUR_MS = 3_600_000

/**
 * The settings of an event hub that have a name among Kafka's topic settings. Which of them the service shows is not
 * documented.
 */
export function configsOf({ retention, timestampType }: EventHub): Config[] {
  const { hours, bytes } = retention
  return [
    { name: 'cleanup.policy', value: 'delete', readOnly: true, configSource: SOURCE.default },
    {
      name: 'message.timestamp.type',
      value: timestampType === 'create' ? 'CreateTime' : 'LogAppendTime',
      readOnly: true,
      configSource: SOURCE.topic,
    },
    { name: 'retention.bytes', value: String(bytes), readOnly: true, configSource: SOURCE.topic },
    {
      name: 'retention.ms',
      value: hours < 0 ? '-1' : String(hours * HOUR_MS),
      readOnly: false,
      configSource: SOURCE.topic,
    },
  ]
}

const IGNORED = new Set(['cleanup.policy'])

/** Reads the settings of a topic to be created. Those that mean nothing here are taken and do nothing, as on the service. */
export function retentionFrom(configs: readonly { readonly name: string; readonly value: string | null }[]): {
  retention: RetentionOptions
  timestampType?: 'create' | 'log-append'
} {
  const retention: RetentionOptions = {}
  let timestampType: 'create' | 'log-append' | undefined
  for (const { name, value } of configs) {
    if (value === null || IGNORED.has(name)) continue
    if (name === 'retention.ms') {
      const ms = wholeNumber(name, value)
      retention.hours = ms < 0 ? -1 : ms / HOUR_MS
    } else if (name === 'retention.bytes') {
      const bytes = wholeNumber(name, value)
      if (bytes >= 0) retention.bytes = bytes
    } else if (name === 'message.timestamp.type') {
      timestampType = value === 'CreateTime' ? 'create' : 'log-append'
    }
  }
  return { retention, ...(timestampType && { timestampType }) }
}

function wholeNumber(name: string, value: string): number {
  if (!/^-?\d{1,15}$/.test(value)) throw new KafkaError(ERROR.invalidConfig, `Invalid value ${value} for ${name}.`)
  return Number(value)
}

export const describeConfigs = handler(DESCRIBE_CONFIGS, (context, { resources }) => ({
  results: resources.map(({ resourceType, resourceName, configurationKeys }) => {
    const result = (errorCode: number, configs: readonly Config[] = []) => ({
      errorCode,
      resourceType,
      resourceName,
      configs: configs
        .filter(({ name }) => configurationKeys === null || configurationKeys.includes(name))
        .map((config) => ({ ...config, isDefault: config.configSource === SOURCE.default })),
    })
    const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, hub: resourceName })
    if (fault !== undefined) return result(fault)
    // A broker is Microsoft's business: it has nothing to tell of.
    if (resourceType === BROKER) return result(ERROR.none)
    if (resourceType !== TOPIC) return result(ERROR.invalidRequest)
    if (!mayUse(context, resourceName, 'Listen') && !mayUse(context, resourceName, 'Send')) {
      return result(ERROR.topicAuthorizationFailed)
    }
    const eventHub = context.service.namespace.getEventHub(resourceName)
    return eventHub ? result(ERROR.none, configsOf(eventHub)) : result(ERROR.unknownTopicOrPartition)
  }),
}))

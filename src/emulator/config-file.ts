import type { EventHubSpec } from './model/spec.js'

/** A configuration file that can't be used; the message names the place. */
export class ConfigFileError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigFileError'
  }
}

/**
 * Reads a `Config.json` in the format of Microsoft's emulator. Microsoft: "Test locally by using the Azure Event Hubs
 * emulator". `$Default` is always there and may not be declared. Throws {@link ConfigFileError}.
 */
export function parseConfigFile(text: string): EventHubSpec[] {
  const userConfig = objectAt(parseJson(text), 'UserConfig')
  const specs: EventHubSpec[] = []
  for (const [n, namespace] of arrayAt(userConfig, 'NamespaceConfig').entries()) {
    const type = fieldOf(namespace, 'Type')
    if (type !== undefined && String(type).toLowerCase() !== 'eventhub') {
      throw new ConfigFileError(`NamespaceConfig[${n}].Type must be "EventHub"`)
    }
    for (const [e, entity] of arrayAt(namespace, 'Entities').entries()) {
      specs.push(parseEntity(entity, `NamespaceConfig[${n}].Entities[${e}]`))
    }
  }
  if (specs.length === 0) throw new ConfigFileError('Entities must name at least one event hub')
  return specs
}

/** The target of the log: `LoggingConfig.Type` is `File` or `Console`. Undefined when the file does not say. */
export function parseLoggingType(text: string): 'file' | 'console' | undefined {
  const type = fieldOf(fieldOf(objectAt(parseJson(text), 'UserConfig'), 'LoggingConfig'), 'Type')
  if (type === undefined) return undefined
  const word = String(type).toLowerCase()
  if (word === 'file' || word === 'console') return word
  throw new ConfigFileError('LoggingConfig.Type must be "File" or "Console"')
}

function parseJson(text: string): unknown {
  try {
    // Files written on Windows may begin with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new ConfigFileError(`it is no JSON: ${(error as Error).message}`)
  }
}

function parseEntity(entity: unknown, place: string): EventHubSpec {
  const name = fieldOf(entity, 'Name')
  if (typeof name !== 'string' || name === '') throw new ConfigFileError(`${place}.Name is missing`)
  const partitionCount = Number(fieldOf(entity, 'PartitionCount') ?? 1)
  if (!Number.isInteger(partitionCount) || partitionCount < 1) {
    throw new ConfigFileError(`${place}.PartitionCount must be a whole number from 1 on`)
  }
  const consumerGroups = arrayAt(entity, 'ConsumerGroups', []).map((group, g) => {
    const groupName = fieldOf(group, 'Name')
    if (typeof groupName !== 'string' || groupName === '') {
      throw new ConfigFileError(`${place}.ConsumerGroups[${g}].Name is missing`)
    }
    if (groupName.toLowerCase() === '$default') {
      throw new ConfigFileError(`${place}.ConsumerGroups[${g}]: $Default is always there and may not be declared`)
    }
    return groupName
  })
  return { name, partitionCount, consumerGroups }
}

/** A field by its name, whose case does not matter. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const key = Object.keys(value).find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : (value as Record<string, unknown>)[key]
}

function objectAt(value: unknown, name: string): unknown {
  const field = fieldOf(value, name)
  if (typeof field !== 'object' || field === null) throw new ConfigFileError(`${name} is missing`)
  return field
}

function arrayAt(value: unknown, name: string, otherwise?: unknown[]): unknown[] {
  const field = fieldOf(value, name) ?? otherwise
  if (!Array.isArray(field)) throw new ConfigFileError(`${name} must be a list`)
  return field
}

/**
 * The XML of the namespace's HTTPS API, to values and back.
 *
 * Shapes: learn.microsoft.com/rest/api/eventhub, "Create Event Hub", "List Event Hubs", "Create Consumer Group".
 */

import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import type { EventHubDescription } from './management.js'

/** An element: text, or children by name with the attributes under `$`. */
export type XmlElement = { [name: string]: XmlNode }
export type XmlNode = string | XmlElement | XmlNode[] | undefined

/** One entity of a feed, or the only one of an answer about a single entity. */
export interface AtomEntry {
  readonly name: string
  /** The description element in `<content>`, its name left out. */
  readonly description: XmlElement
}

/** Names under which attributes, and text beside them, are kept. */
const ATTRIBUTES = '$'
const TEXT = '_'

const names = { attributesGroupName: ATTRIBUTES, textNodeName: TEXT, attributeNamePrefix: '', ignoreAttributes: false }
const builder = new XMLBuilder({ ...names, suppressEmptyNode: true })
const parser = new XMLParser({ ...names, parseTagValue: false, trimValues: false })

const ATOM_NAMESPACE = 'http://www.w3.org/2005/Atom'
const SERVICE_NAMESPACE = 'http://schemas.microsoft.com/netservices/2010/10/servicebus/connect'
const SCHEMA_INSTANCE_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance'

/**
 * The elements of `EventHubDescription` a caller may write, in the order the service wants them: "Any property that is
 * specified out of order is interpreted as a user property" (Create Event Hub).
 */
const WRITABLE_IN_ORDER = [
  'MessageRetentionInDays',
  'AuthorizationRules',
  'Status',
  'UserMetadata',
  'PartitionCount',
] as const

type WritableElement = (typeof WRITABLE_IN_ORDER)[number]

/** Writes the body of a create or update. The order of `properties` does not matter. */
export function toEventHubEntry(properties: { readonly [Name in WritableElement]?: XmlNode }): string {
  const description: XmlElement = {}
  for (const name of WRITABLE_IN_ORDER) {
    if (properties[name] !== undefined) description[name] = properties[name]
  }
  return toEntry('EventHubDescription', description)
}

export function toConsumerGroupEntry(): string {
  return toEntry('ConsumerGroupDescription', {})
}

function toEntry(element: string, description: XmlElement): string {
  const entry = {
    [ATTRIBUTES]: { xmlns: ATOM_NAMESPACE },
    content: {
      [ATTRIBUTES]: { type: 'application/xml' },
      [element]: {
        [ATTRIBUTES]: { 'xmlns:i': SCHEMA_INSTANCE_NAMESPACE, xmlns: SERVICE_NAMESPACE },
        ...description,
      },
    },
  }
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>${builder.build({ entry })}`
}

/** Reads the entries of a feed, or of a single entry. Throws when the text is neither. */
export function fromAtom(text: string): AtomEntry[] {
  const root = parse(text)
  if (root['entry'] !== undefined) return [fromEntry(root['entry'])]
  if (root['feed'] === undefined) throw new Error(`Expected an Atom feed or entry, got <${Object.keys(root)[0] ?? ''}>`)
  return asArray(children(root['feed'])['entry']).map(fromEntry)
}

/** The service's own words in `<Error><Code>…</Code><Detail>…</Detail></Error>`; undefined when it is none. */
export function fromErrorBody(text: string): string | undefined {
  try {
    return asText(children(parse(text)['Error'])['Detail'])?.trim()
  } catch {
    return undefined
  }
}

export function fromEventHubEntry({ name, description }: AtomEntry): EventHubDescription {
  const partitionCount = asNumber(description['PartitionCount']) ?? 0
  const listed = partitionIds(description['PartitionIds'])
  const createdAt = asDate(description['CreatedAt'])
  const status = asText(description['Status'])
  const days = asNumber(description['MessageRetentionInDays'])
  return {
    name,
    partitionCount,
    partitionIds: listed.length > 0 ? listed : Array.from({ length: partitionCount }, (_, index) => String(index)),
    ...(createdAt && { createdAt }),
    ...(status && { status }),
    ...(days !== undefined && { retentionHours: days < 0 ? -1 : days * 24 }),
  }
}

function parse(text: string): XmlElement {
  try {
    return parser.parse(text, true) as XmlElement
  } catch (cause) {
    // The validator of fast-xml-parser throws plain objects.
    throw new Error('The answer of the namespace is no well-formed XML', { cause })
  }
}

function fromEntry(node: XmlNode): AtomEntry {
  const entry = children(node)
  const content = children(entry['content'])
  const element = Object.keys(content).find((name) => name !== ATTRIBUTES && name !== TEXT)
  return {
    name: asText(entry['title'])?.trim() ?? '',
    description: children(element === undefined ? undefined : content[element]),
  }
}

/** `<PartitionIds xmlns:d2p1="…"><d2p1:string>0</d2p1:string>…`: the prefix is the writer's choice. */
function partitionIds(node: XmlNode): string[] {
  const element = children(node)
  const name = Object.keys(element).find((key) => key === 'string' || key.endsWith(':string'))
  return name === undefined ? [] : asArray(element[name]).flatMap((value) => asText(value) ?? [])
}

function children(node: XmlNode): XmlElement {
  return typeof node === 'object' && !Array.isArray(node) ? node : {}
}

function asArray(node: XmlNode): XmlNode[] {
  if (node === undefined) return []
  return Array.isArray(node) ? node : [node]
}

/** The text of an element, with attributes or without. */
function asText(node: XmlNode): string | undefined {
  if (typeof node === 'string') return node
  const text = children(node)[TEXT]
  return typeof text === 'string' ? text : undefined
}

function asNumber(node: XmlNode): number | undefined {
  const number = Number(asText(node)?.trim() || Number.NaN)
  return Number.isNaN(number) ? undefined : number
}

/** Times of the service are UTC, with or without the `Z`. */
function asDate(node: XmlNode): Date | undefined {
  const text = asText(node)?.trim()
  if (!text) return undefined
  const date = new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

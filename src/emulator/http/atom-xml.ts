import { XMLBuilder, XMLParser } from 'fast-xml-parser'

/**
 * The XML of the namespace's management API. Shapes: learn.microsoft.com/rest/api/eventhub, "Create Event Hub", "List
 * Event Hubs", "Get Partition".
 */

/** An element by name: text, children in their order, or several of that name. Attributes begin with `@`. */
export type XmlContent = string | number | { readonly [name: string]: XmlContent | readonly XmlContent[] | undefined }

const ATOM = 'http://www.w3.org/2005/Atom'
const SERVICE = {
  '@xmlns': 'http://schemas.microsoft.com/netservices/2010/10/servicebus/connect',
  '@xmlns:i': 'http://www.w3.org/2001/XMLSchema-instance',
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', suppressEmptyNode: true })
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  removeNSPrefix: true,
})

/** One entity as a feed or an answer carries it. */
export interface Entry {
  readonly id: string
  readonly title: string
  readonly published: Date
  readonly updated: Date
  readonly author: string
  /** Name of the description element, e.g. `EventHubDescription`. */
  readonly element: string
  readonly description: { readonly [name: string]: XmlContent | undefined }
}

export function toEntryXml(entry: Entry): string {
  return build({ entry: { '@xmlns': ATOM, ...entryContent(entry) } })
}

export function toFeedXml(feed: { id: string; title: string; entries: readonly Entry[] }): string {
  return build({
    feed: {
      '@xmlns': ATOM,
      title: { '@type': 'text', '#text': feed.title },
      id: feed.id,
      updated: new Date().toISOString(),
      link: { '@rel': 'self', '@href': feed.id },
      entry: feed.entries.map((entry) => ({ '@xml:base': feed.id, ...entryContent(entry) })),
    },
  })
}

/** Observed: recorded answers in azure-sdk-for-js, sdk/schemaregistry, same host: `<Error><Code>400</Code><Detail>…`. */
export function toErrorXml(status: number, detail: string): string {
  return build({ Error: { Code: status, Detail: detail } })
}

/**
 * The properties of a description that count, by name. "You must specify the properties in the order given below. Any
 * property that is specified out of order is interpreted as a user property" (Create Event Hub). Undefined when the text
 * is no entry with such a description.
 */
export function fromEntryXml(text: string, element: string, order: readonly string[]): Map<string, string> | undefined {
  let document: OrderedNode[]
  try {
    document = parser.parse(text, true)
  } catch {
    return undefined
  }
  const description = child(child(child(document, 'entry'), 'content'), element)
  if (!description) return undefined
  const properties = new Map<string, string>()
  let last = -1
  for (const node of description) {
    const name = Object.keys(node).find((key) => key !== ':@') ?? ''
    const index = order.indexOf(name)
    if (index <= last) continue
    last = index
    properties.set(name, textOf(node[name]))
  }
  return properties
}

/** A node of fast-xml-parser's `preserveOrder`, which gives a list of nodes with one key each. */
type OrderedNode = { readonly [name: string]: OrderedNode[] | string | undefined }

function child(nodes: readonly OrderedNode[] | undefined, name: string): readonly OrderedNode[] | undefined {
  const found = nodes?.find((node) => name in node)?.[name]
  return Array.isArray(found) ? found : undefined
}

function textOf(content: OrderedNode[] | string | undefined): string {
  if (!Array.isArray(content)) return ''
  return content.map((node) => (typeof node['#text'] === 'string' ? node['#text'] : '')).join('')
}

function entryContent({
  id,
  title,
  published,
  updated,
  author,
  element,
  description,
}: Entry): Record<string, XmlContent> {
  return {
    id,
    title: { '@type': 'text', '#text': title },
    published: published.toISOString(),
    updated: updated.toISOString(),
    author: { name: author },
    link: { '@rel': 'self', '@href': id },
    content: { '@type': 'application/xml', [element]: { ...SERVICE, ...description } },
  }
}

function build(document: Record<string, XmlContent>): string {
  return `<?xml version="1.0" encoding="utf-8"?>${builder.build(document)}`
}

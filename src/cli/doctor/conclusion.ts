import type { Access } from './access.js'
import type { Finding } from './finding.js'
import type { Reach } from './network.js'
import type { Target } from './target.js'

/** The conclusion of `doctor`. */
export interface Conclusion {
  readonly works: readonly string[]
  readonly fails: readonly string[]
  /** Lines for the configuration. */
  readonly write: readonly string[]
}

export interface Findings {
  readonly target: Target
  readonly reach: Reach
  readonly access: Access
  readonly store: boolean
  readonly storeName: string | undefined
  /** Further options of `eventHubs` that were used, as they are to be written. */
  readonly options: readonly string[]
  readonly findings: readonly Finding[]
}

/** Sums up: what a program can do with this configuration, and one that makes the most of what works from here. */
export function conclude(examined: Findings): Conclusion {
  const { access, store, findings } = examined
  const abilities: [does: boolean, name: string][] = [
    [access.send, 'producing'],
    [access.listen && store, 'consuming in a group'],
    [access.listen, 'reading'],
    [access.manage, 'managing topics'],
  ]
  return {
    works: abilities.flatMap(([does, name]) => (does ? [name] : [])),
    fails: [
      ...abilities.flatMap(([does, name]) => (does ? [] : [name])),
      ...findings.flatMap(({ status, step }) => (status === 'failed' && isByItself(step) ? [step] : [])),
    ],
    write: lines(examined),
  }
}

/** Failures that no ability shows. */
const isByItself = (step: string) => ['clock', 'runtime', 'proxy'].includes(step) || step.startsWith('TLS')

function lines({ target, reach, store, storeName, options: used }: Findings): string[] {
  const options: string[] = []
  if (target.connectionString !== undefined) {
    options.push('connectionString: process.env.EVENTHUBS_CONNECTION_STRING')
  }
  const isOnly443 = !reach.amqp && reach.https && !target.isLocal
  if (isOnly443 || target.transport === 'websockets') options.push("transport: 'websockets'")
  options.push(...used)
  const isShown = storeName !== undefined && store
  if (isShown) options.push(`checkpointStore: '${storeName}'`)
  else if (!target.isLocal) options.push("checkpointStore: 'https://<account>.blob.core.windows.net/<container>'")
  const port = target.isLocal ? (target.port ?? 5672) : 9093
  const brokers = `brokers: ['${target.namespace}:${port}']`
  const ssl = target.isLocal && !target.isSecure ? '' : ', ssl: true'
  return [
    `new Kafka({ clientId: 'my-program', ${brokers}${ssl}${options.length > 0 ? `, eventHubs: { ${options.join(', ')} }` : ''} })`,
  ]
}

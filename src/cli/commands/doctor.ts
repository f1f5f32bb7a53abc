import { Command } from 'commander'
import { type Connection, connectionFrom } from '../clients.js'
import { addConnectionOptions, type ConnectionArguments, readKafkaConfig } from '../connection-options.js'
import { type Access, examineAccess } from '../doctor/access.js'
import { type Conclusion, conclude } from '../doctor/conclusion.js'
import { examineCredential } from '../doctor/credential.js'
import { type Finding, failed, ok, skipped } from '../doctor/finding.js'
import { examineNetwork, openTransport, type Reach } from '../doctor/network.js'
import { examineProxy, findRoute } from '../doctor/proxy.js'
import { examineStore } from '../doctor/store.js'
import { resolveTarget, type Target } from '../doctor/target.js'
import { ExitCode } from '../errors.js'
import { findPackage } from '../package-info.js'
import { paint, type Terminal, writeJson } from '../terminal.js'

interface DoctorArguments extends ConnectionArguments {
  topic?: string
  group?: string
  json?: boolean
}

/** `doctor`: tries a configuration step by step. */
export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .description('tries a configuration against a namespace or an emulator, step by step; sends nothing')
    .option('--topic <name>', 'event hub to try sending, reading and committing with (default: the first there is)')
    .option('--group <id>', 'whether there is an Event Hubs consumer group of this name')
    .option('--json', 'writes JSON')
  return addConnectionOptions(command).action((args: DoctorArguments) => examine(args, terminal))
}

async function examine(args: DoctorArguments, terminal: Terminal): Promise<void> {
  const connection = await openConnection(args, terminal)
  const target = await resolveTarget(connection.config)
  const examined = {
    target,
    reach: { amqp: false, https: false },
    access: { connected: false, listen: false, send: false, manage: false, topics: [], topic: undefined },
    store: false,
    storeName: storeNameOf(connection),
    options: optionsOf(args, connection),
    findings: [] as Finding[],
  }
  if (!args.json) terminal.output.write(`${paint(terminal.output, 'bold', headingOf(target))}\n`)
  for await (const finding of steps({ args, connection, target, terminal, state: examined })) {
    examined.findings.push(finding)
    if (!args.json) writeFinding(finding, terminal)
  }
  const conclusion = conclude(examined)
  if (args.json) writeJson(terminal, { steps: examined.findings, ...conclusion })
  else writeConclusion(conclusion, terminal)
  if (examined.findings.some(({ status }) => status === 'failed')) throw new ExitCode(1)
}

interface State {
  reach: Reach
  access: Access
  store: boolean
}

interface ExaminedConnection extends Connection {
  /** Why `new Kafka()` refuses the store; the connection has another one then. */
  readonly storeRefusal?: Error
}

interface Examination {
  readonly args: DoctorArguments
  readonly connection: ExaminedConnection
  readonly target: Target
  readonly terminal: Terminal
  readonly state: State
}

/** What is wrong with the store alone is a finding like others: the rest is tried all the same. */
async function openConnection(args: DoctorArguments, terminal: Terminal): Promise<ExaminedConnection> {
  // What the client would log stands in the findings.
  const config = await readKafkaConfig({ logLevel: 'nothing', ...args }, terminal)
  try {
    return await connectionFrom(config)
  } catch (error) {
    const { memoryCheckpointStore } = await import('../../exports.js')
    const eventHubs = { ...config.eventHubs, checkpointStore: memoryCheckpointStore() }
    return { ...(await connectionFrom({ ...config, eventHubs } as Connection['config'])), storeRefusal: error as Error }
  }
}

async function* steps({ args, connection, target, terminal, state }: Examination): AsyncGenerator<Finding> {
  yield examineRuntime()
  yield* examineRoads(connection, target, state.reach)
  yield* examineCredential(connection.config, target)
  const way = await chooseWay({ args, connection, target, terminal, state })
  if (!way) {
    yield skipped('connection', 'there is no way to the service')
    return
  }
  const admin = way.kafka.admin({ retry: { retries: 1 } })
  try {
    const { topic, group } = args
    yield* examineAccess({ connection: way, admin, topic, group }, state.access)
    if (state.access.connected) {
      const { topic } = state.access
      yield* examineStore({ connection: way, admin, target, topic, refusal: connection.storeRefusal }, state)
    }
  } finally {
    await admin.disconnect()
  }
}

/** The roads to the service: the proxy's, or the direct ones, and where those are closed that of a proxy after all. */
async function* examineRoads({ config }: Connection, target: Target, reach: Reach): AsyncGenerator<Finding> {
  const route = await findRoute(config.eventHubs?.proxy, target)
  if (route && 'status' in route) {
    yield route
    return
  }
  if (route && target.transport === 'websockets') {
    yield* examineProxy(route, target, reach)
    return
  }
  const isNamed = route && !target.isLocal
  yield ok(
    'proxy',
    isNamed ? 'HTTPS_PROXY is set; AMQP on 5671 does not go through it, transport: "websockets" does' : 'none',
  )
  yield* examineNetwork(target, reach)
  if (route && isNamed && !reach.amqp && !reach.https) yield* examineProxy(route, target, reach)
}

/** The way to go on: as configured, or over 443 where 5671 is closed. */
async function chooseWay({ args, connection, target, terminal, state }: Examination): Promise<Connection | undefined> {
  const transport = openTransport(target, state.reach)
  if (transport === undefined || transport === target.transport) return transport && connection
  return await openConnection({ ...args, transport }, terminal)
}

const LEAST_NODE = [20, 19] as const

function examineRuntime(): Finding {
  const { version } = findPackage()
  const text = `Node.js ${process.versions.node}, kafkajs-eventhubs ${version}, ${process.platform} ${process.arch}`
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])
  return isOld ? failed('runtime', text, `Node.js ${LEAST_NODE.join('.')} or newer is needed`) : ok('runtime', text)
}

function headingOf({ namespace, port, isLocal, transport }: Target): string {
  return `${namespace}${isLocal ? `:${port}` : ''} over ${transport === 'amqp' ? 'AMQP' : 'AMQP in WebSockets'}`
}

/** The name a store was given; one with a key or signature in it is not repeated. */
function storeNameOf({ config }: Connection): string | undefined {
  const store = config.eventHubs?.checkpointStore
  return typeof store === 'string' && !store.includes('?') ? store : undefined
}

/** The options, besides transport and store, that the line to write has. A proxy's password is not repeated. */
function optionsOf({ azureAd, managedIdentityClientId: id }: DoctorArguments, { config }: Connection): string[] {
  const { proxy } = config.eventHubs ?? {}
  return [
    ...(azureAd ? [`auth: azureAdAuth(${id === undefined ? '' : `{ managedIdentityClientId: '${id}' }`})`] : []),
    ...(typeof proxy === 'string' ? [`proxy: ${proxy.includes('@') ? 'process.env.HTTPS_PROXY' : `'${proxy}'`}`] : []),
  ]
}

const MARKS = {
  ok: { mark: '✓', style: 'green' },
  warning: { mark: '!', style: 'yellow' },
  failed: { mark: '✗', style: 'red' },
  skipped: { mark: '-', style: 'dim' },
} as const

function writeFinding({ step, status, detail, remedy }: Finding, { output }: Terminal): void {
  const { mark, style } = MARKS[status]
  output.write(`${paint(output, style, mark)} ${step}: ${detail}\n`)
  if (remedy) output.write(`    ${remedy}\n`)
}

function writeConclusion({ works, fails, write }: Conclusion, { output }: Terminal): void {
  output.write('\n')
  if (works.length > 0) output.write(`${paint(output, 'green', 'Works:')} ${works.join(', ')}\n`)
  if (fails.length > 0) output.write(`${paint(output, 'red', 'Does not:')} ${fails.join(', ')}\n`)
  output.write(`Write:\n  ${write.join('\n  ')}\n`)
}

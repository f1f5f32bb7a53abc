import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { askService, clockFinding, messageOf, TIMEOUT_MS, tlsFinding } from './answer.js'
import { type Finding, failed, ok, skipped, within } from './finding.js'
import type { Target } from './target.js'

/** The ports of a namespace. */
export const PORTS = { amqps: 5671, https: 443 } as const

type Ports = Readonly<Record<keyof typeof PORTS, number>>

/** The ways the network lets through. Told apart so that the conclusion can name the way that is open. */
export interface Reach {
  amqp: boolean
  https: boolean
}

/** The transport to go on with: as configured, or over 443 where 5671 is closed. Undefined: there is no way. */
export function openTransport({ transport }: Target, { amqp, https }: Reach): Target['transport'] | undefined {
  if (transport === 'amqp' && amqp) return 'amqp'
  return https ? 'websockets' : undefined
}

/** Name resolution, ports, TLS and the clock. */
export async function* examineNetwork(target: Target, reach: Reach, ports = PORTS as Ports): AsyncGenerator<Finding> {
  const step = 'name resolution'
  try {
    const addresses = await within(TIMEOUT_MS, lookup(target.host, { all: true }))
    const texts = addresses.map(({ address }) => address)
    yield ok(
      step,
      `${target.host} is ${texts.join(', ')}${texts.every(isPrivate) && !target.isLocal ? ' (private)' : ''}`,
    )
  } catch (error) {
    yield failed(
      step,
      `${target.host}: ${messageOf(error)}`,
      'Check the name of the namespace. A private endpoint needs its private DNS zone linked to this network',
    )
    return
  }
  if (target.isLocal || target.port !== undefined) {
    const port = target.port ?? ports.amqps
    reach.amqp = yield* examinePort(target.host, port, 'Is the emulator running, on this port?')
    reach.https = reach.amqp
    if (reach.amqp && target.isSecure) yield* examineTls(target, port)
  } else {
    reach.amqp = yield* examinePort(
      target.host,
      ports.amqps,
      'Open 5671 outbound in the firewall and in the IP rules of the namespace, or use 443: eventHubs.transport: "websockets"',
    )
    reach.https = yield* examinePort(
      target.host,
      ports.https,
      'Open 443 outbound, or name a proxy: eventHubs.proxy. Topics are managed over it, and AMQP goes over it with transport: "websockets"',
    )
    if (reach.amqp) yield* examineTls(target, ports.amqps)
    if (reach.https) yield* examineTls(target, ports.https)
  }
  if (reach.https) yield clockFinding(await askService(target, { port: ports.https }))
  else yield skipped('clock', 'there is no way to ask the service for its time')
}

async function* examinePort(host: string, port: number, remedy: string): AsyncGenerator<Finding, boolean> {
  const step = `port ${port}`
  const begin = performance.now()
  try {
    const socket = connectTcp({ host, port })
    await within(TIMEOUT_MS, opened(socket, 'connect'))
    socket.destroy()
    yield ok(step, `open, ${Math.round(performance.now() - begin)} ms`)
    return true
  } catch (error) {
    yield failed(step, messageOf(error), remedy)
    return false
  }
}

async function* examineTls(target: Target, port: number): AsyncGenerator<Finding> {
  const step = `TLS on ${port}`
  // Whether the certificate is trusted is the finding, not a reason to stop.
  const servername = isIP(target.host) ? '' : target.host
  const socket = connectTls({ servername, ...target.tlsOptions, host: target.host, port, rejectUnauthorized: false })
  try {
    await within(TIMEOUT_MS, opened(socket, 'secureConnect'))
    yield tlsFinding(step, socket)
  } catch (error) {
    yield failed(
      step,
      messageOf(error),
      'Something between here and there cuts TLS: ask who runs the firewall or proxy',
    )
  } finally {
    socket.destroy()
  }
}

function opened(socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.on('error', reject)
  })
}

const isPrivate = (address: string) => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|fd|fc)/.test(address)

import { lookup } from 'node:dns/promises'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls'
import { type Finding, failed, ok, skipped, warning, within } from './finding.js'
import type { Target } from './target.js'

const TIMEOUT_MS = 5000
const AMQPS = 5671
const HTTPS = 443
/** Shared access tokens and JWTs bear times; services forgive about five minutes. */
const MOST_SKEW_MS = 5 * 60_000
const MOST_HARMLESS_SKEW_MS = 30_000

/** The ways the network lets through. Told apart so that the conclusion can name the way that is open. */
export interface Reach {
  amqp: boolean
  https: boolean
}

/** Name resolution, ports, TLS and the clock. */
export async function* examineNetwork(target: Target, reach: Reach): AsyncGenerator<Finding> {
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
    const port = target.port ?? AMQPS
    reach.amqp = yield* examinePort(target.host, port, 'Is the emulator running, on this port?')
    reach.https = reach.amqp
    if (reach.amqp && target.isSecure) yield* examineTls(target, port)
  } else {
    reach.amqp = yield* examinePort(
      target.host,
      AMQPS,
      'Open 5671 outbound in the firewall and in the IP rules of the namespace, or use 443: eventHubs.transport: "websockets"',
    )
    reach.https = yield* examinePort(
      target.host,
      HTTPS,
      'Open 443 outbound, or name a proxy: eventHubs.proxy. Topics are managed over it, and AMQP goes over it with transport: "websockets"',
    )
    if (reach.amqp) yield* examineTls(target, AMQPS)
    if (reach.https) yield* examineTls(target, HTTPS)
  }
  if (reach.https) yield await examineClock(target)
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
  const socket = connectTls({ host: target.host, port, servername: serverName(target.host), rejectUnauthorized: false })
  try {
    await within(TIMEOUT_MS, opened(socket, 'secureConnect'))
    const certificate = socket.getPeerCertificate()
    const issuer = issuerOf(certificate)
    if (socket.authorized) yield ok(step, `${socket.getProtocol()}, certificate by ${issuer}`)
    else {
      yield failed(
        step,
        `the certificate, by ${issuer}, is not trusted: ${socket.authorizationError}`,
        'A proxy that looks into TLS, or a self-signed certificate: name its authority in NODE_EXTRA_CA_CERTS=<file.pem>',
      )
    }
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

async function examineClock(target: Target): Promise<Finding> {
  const step = 'clock'
  try {
    const { date, roundTrip } = await within(TIMEOUT_MS, askDate(target))
    // The header tells whole seconds.
    const skew = Date.now() - roundTrip / 2 - date
    const amount = `${Math.abs(Math.round(skew / 1000))} s ${skew > 0 ? 'ahead of' : 'behind'} the service`
    const remedy = 'Set the clock (NTP): tokens that begin in the future or have ended are refused'
    if (Math.abs(skew) > MOST_SKEW_MS) return failed(step, amount, remedy)
    if (Math.abs(skew) > MOST_HARMLESS_SKEW_MS) return warning(step, amount, remedy)
    return ok(step, 'agrees with the service')
  } catch (error) {
    return skipped(step, `the service did not tell its time: ${messageOf(error)}`)
  }
}

function askDate(target: Target): Promise<{ date: number; roundTrip: number }> {
  const get = target.isSecure ? httpsGet : httpGet
  const port = target.port ?? HTTPS
  const begin = performance.now()
  return new Promise((resolve, reject) => {
    // Untrusted certificates have been told of already.
    const request = get({ host: target.host, port, path: '/', agent: false, rejectUnauthorized: false }, (response) => {
      response.resume()
      const date = Date.parse(response.headers.date ?? '')
      if (Number.isNaN(date)) reject(new Error('it sends no Date header'))
      else resolve({ date, roundTrip: performance.now() - begin })
    })
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('no answer')))
    request.once('error', reject)
  })
}

/** The proxy that is configured, or that the environment names. */
export async function* examineProxy(
  proxy: unknown,
  { target, environment }: { target: Target; environment: Readonly<Record<string, string | undefined>> },
): AsyncGenerator<Finding> {
  const step = 'proxy'
  const fromEnvironment = environment['https_proxy'] || environment['HTTPS_PROXY']
  const named = proxy ?? (target.transport === 'websockets' ? fromEnvironment : undefined)
  if (typeof named !== 'string') {
    if (named) yield skipped(step, 'an agent of your own: it is not looked into')
    else if (fromEnvironment && !target.isLocal) {
      yield ok(step, 'HTTPS_PROXY is set; AMQP on 5671 does not go through it, transport: "websockets" does')
    } else yield ok(step, 'none')
    return
  }
  const url = new URL(named.includes('://') ? named : `http://${named}`)
  const port = Number(url.port) || (url.protocol === 'https:' ? HTTPS : 80)
  try {
    const status = await within(TIMEOUT_MS, tunnel(url, port, `${target.host}:${target.port ?? HTTPS}`))
    if (status === 200) yield ok(step, `${url.hostname}:${port} opens a tunnel`)
    else if (status === 407)
      yield failed(
        step,
        `${url.hostname}:${port} wants a password`,
        'Write it into the URL: http://user:password@host:port',
      )
    else
      yield failed(step, `${url.hostname}:${port} refuses a tunnel: ${status}`, `Have ${target.host}:443 allowed there`)
  } catch (error) {
    yield failed(step, `${url.hostname}:${port}: ${messageOf(error)}`, 'Check the address of the proxy')
  }
}

/** The answer of a proxy to CONNECT. */
function tunnel({ hostname, username, password }: URL, port: number, to: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: hostname, port })
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.\d (\d+)/.exec(data.toString('latin1'))?.[1]))
    })
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const authorization = username
      ? `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`
      : ''
    socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${authorization}\r\n`)
  })
}

function opened(socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.on('error', reject)
  })
}

const serverName = (host: string) => (/^[\d.:]+$/.test(host) ? '' : host)

function issuerOf({ issuer }: PeerCertificate): string {
  return [issuer?.O ?? issuer?.CN].flat().join(', ') || 'nobody'
}

const isPrivate = (address: string) => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|fd|fc)/.test(address)

const messageOf = (error: unknown): string => (error as Error).message || String((error as { code?: string }).code)

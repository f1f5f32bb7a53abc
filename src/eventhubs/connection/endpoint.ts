import type { Agent } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import type { KafkaSettings, ResolvedNamespace } from '../../config/config.js'
import { KafkaJSConnectionError, KafkaJSNonRetriableError } from '../../errors/index.js'
import { isLoopback } from '../../util/loopback.js'
import type { OpenStream } from './amqp-socket.js'
import { largestFrame } from './frames.js'
import { proxyRoute } from './proxy.js'

/** The endpoint connections go to, and the way there. */
export interface Endpoint {
  /** `host:port`. */
  readonly address: string
  readonly openStream: OpenStream
}

/** AMQP's ports with and without TLS, and that of AMQP over WebSockets. */
const ports = { tls: 5671, plain: 5672, websockets: 443 }

/** The namespace's endpoint, or the one that stands in for it (`customEndpointAddress`). */
export function endpointOf(namespace: ResolvedNamespace, settings: KafkaSettings): Endpoint {
  const { transport, customEndpointAddress, proxy } = settings.eventHubs
  const custom = customEndpointAddress ? parseAddress(customEndpointAddress) : undefined
  const isPlain = namespace.isEmulator
  const host = custom?.host ?? namespace.fullyQualifiedNamespace
  // A port in brokers is that of the Kafka endpoint, unless it is an emulator's.
  const isPortOurs =
    isPlain || isLoopback(namespace.fullyQualifiedNamespace) || namespace.connectionString !== undefined
  const named = custom ?? (isPortOurs ? namespace : undefined)
  const port = named?.port ?? (transport === 'websockets' ? ports.websockets : isPlain ? ports.plain : ports.tls)
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  // A private address stands in for the namespace, whose name its certificate has.
  const servername = [host, namespace.fullyQualifiedNamespace].find((name) => !net.isIP(name))
  const tlsOptions = { ...(servername && { servername }), ...(typeof settings.ssl === 'object' ? settings.ssl : {}) }
  if (transport === 'websockets') {
    const url = `${isPlain ? 'ws' : 'wss'}://${address}/$servicebus/websocket`
    return {
      address,
      openStream: (...callbacks) => openWebSocket(url, { tlsOptions, proxy }, ...callbacks),
    }
  }
  if (isPlain) return { address, openStream: (onReady) => net.connect({ host, port, noDelay: true }, onReady) }
  return {
    address,
    openStream: (onReady) => tls.connect({ host, port, ...tlsOptions }, onReady).setNoDelay(true),
  }
}

/** `host`, `host:port` or a URL of any scheme. */
export function parseAddress(text: string): { host: string; port: number | undefined } {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/^[^:]+/, 'amqps') : `amqps://${text}`
  if (!URL.canParse(address)) {
    throw new KafkaJSNonRetriableError(
      'eventHubs.customEndpointAddress is not an address: write it as sb://host:port or host',
    )
  }
  const url = new URL(address)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port ? Number(url.port) : undefined }
}

/** The subprotocol is that of the Event Hubs and Service Bus AMQP guide. */
function openWebSocket(
  url: string,
  { tlsOptions, proxy }: { tlsOptions: object; proxy: string | Agent | undefined },
  ...[onReady, onRefused]: Parameters<OpenStream>
): Duplex {
  const route = proxyRoute(proxy, url)
  const socket = new WebSocket(url, ['AMQPWSB10'], {
    perMessageDeflate: false,
    maxPayload: largestFrame,
    ...tlsOptions,
    ...(route && { agent: route.agent }),
  })
  socket.once('open', onReady)
  socket.once('unexpected-response', (_request, { statusCode }) => {
    // 407 is a proxy's answer, also when it is an agent of the user's that went to it.
    const ofProxy = route?.refusal() ?? (route && statusCode === 407 ? statusCode : undefined)
    onRefused(refusedUpgrade(url, Number(statusCode), ofProxy))
    socket.terminate()
  })
  socket.once('error', (error) => {
    if (route?.isReached() === false) onRefused(unreachableProxy(url, error))
    else if (String((error as { code?: unknown }).code).startsWith('WS_ERR_')) onRefused(brokenWebSocket(url, error))
  })
  return createWebSocketStream(socket)
}

function unreachableProxy(url: string, cause: Error): Error {
  const message = `The proxy on the way to ${new URL(url).host} cannot be reached: ${cause.message}: check eventHubs.proxy or HTTPS_PROXY`
  return new KafkaJSConnectionError(message, { broker: new URL(url).host, cause })
}

/** `ws` throws a `RangeError` for it, which would pass for a mistake of the program. */
function brokenWebSocket(url: string, cause: Error): Error {
  const { host } = new URL(url)
  return new KafkaJSConnectionError(`Connection error: ${host} breaks the rules of WebSockets: ${cause.message}`, {
    broker: host,
    cause,
  })
}

/** Trying again helps when something in between was not ready, and not when it does not want us. */
function refusedUpgrade(url: string, status: number, proxyStatus: number | undefined): Error {
  const { host } = new URL(url)
  const message = proxyStatus
    ? `The proxy refused to connect to ${host} (status ${proxyStatus}): check eventHubs.proxy or HTTPS_PROXY, its credentials, and that it lets this host through`
    : `${host} does not take WebSockets for AMQP (status ${status}): check the namespace in brokers, or eventHubs.customEndpointAddress`
  return new KafkaJSConnectionError(message, { broker: host, retriable: (proxyStatus ?? status) >= 500 })
}

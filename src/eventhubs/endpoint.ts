import type { Agent } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import type { KafkaSettings, ResolvedNamespace } from '../config.js'
import { KafkaJSConnectionError } from '../errors.js'
import { isLoopback } from '../namespace.js'
import type { OpenStream } from './amqp-socket.js'
import { proxyRoute } from './proxy.js'

/** Where connections go, and how. */
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
  const tlsOptions = typeof settings.ssl === 'object' ? settings.ssl : {}
  if (transport === 'websockets') {
    const url = `${isPlain ? 'ws' : 'wss'}://${address}/$servicebus/websocket`
    return {
      address,
      openStream: (...callbacks) => openWebSocket(url, { tlsOptions, proxy }, ...callbacks),
    }
  }
  if (isPlain) return { address, openStream: (onReady) => net.connect({ host, port, noDelay: true }, onReady) }
  const servername = net.isIP(host) ? undefined : host
  return {
    address,
    openStream: (onReady) => {
      const options = { host, port, ...(servername ? { servername } : {}), ...tlsOptions }
      return tls.connect(options, onReady).setNoDelay(true)
    },
  }
}

/** `host`, `host:port` or a URL of any scheme. */
export function parseAddress(text: string): { host: string; port: number | undefined } {
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/^[^:]+/, 'amqps') : `amqps://${text}`)
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
    ...tlsOptions,
    ...(route && { agent: route.agent }),
  })
  socket.once('open', onReady)
  socket.once('unexpected-response', (_request, { statusCode }) => {
    onRefused(refusedUpgrade(url, Number(statusCode), route?.refusal()))
    socket.terminate()
  })
  return createWebSocketStream(socket)
}

/** Trying again helps when something in between was not ready, and not when it does not want us. */
function refusedUpgrade(url: string, status: number, proxyStatus: number | undefined): Error {
  const { host } = new URL(url)
  const message = proxyStatus
    ? `The proxy refused to connect to ${host} (status ${proxyStatus}): check eventHubs.proxy or HTTPS_PROXY, its credentials, and that it lets this host through`
    : `${host} does not take WebSockets for AMQP (status ${status}): check the namespace in brokers, or eventHubs.customEndpointAddress`
  return new KafkaJSConnectionError(message, { broker: host, retriable: (proxyStatus ?? status) >= 500 })
}

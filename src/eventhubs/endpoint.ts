import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import type { KafkaSettings, ResolvedNamespace } from '../config.js'
import type { OpenStream } from './amqp-socket.js'
import { proxyAgent } from './proxy.js'

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
  const port =
    custom?.port ??
    (custom ? undefined : namespace.port) ??
    (transport === 'websockets' ? ports.websockets : isPlain ? ports.plain : ports.tls)
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const tlsOptions = typeof settings.ssl === 'object' ? settings.ssl : {}
  if (transport === 'websockets') {
    const url = `${isPlain ? 'ws' : 'wss'}://${address}/$servicebus/websocket`
    return {
      address,
      openStream: (onReady) => openWebSocket(url, { ...tlsOptions, ...proxyAgent(proxy, url) }, onReady),
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
function openWebSocket(url: string, options: object, onReady: () => void): Duplex {
  const socket = new WebSocket(url, ['AMQPWSB10'], { perMessageDeflate: false, ...options })
  socket.once('open', onReady)
  return createWebSocketStream(socket)
}

import type { EventEmitter } from 'node:events'
import type { Agent } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'
import { KafkaJSNonRetriableError } from '../../errors/index.js'

/** A way through a proxy. */
export interface ProxyRoute {
  readonly agent: Agent
  /** The answer of the proxy when it would not open the way; its status code. */
  refusal(): number | undefined
  /** True once the proxy has answered at all. Undefined: an agent of the user's does not tell. */
  isReached(): boolean | undefined
}

/**
 * The way a WebSocket takes: the agent given, or for a URL an HTTP CONNECT proxy; without either the proxy that
 * `HTTPS_PROXY` names, unless `NO_PROXY` excepts the host. Undefined when the way is direct. One for each connection.
 */
export function proxyRoute(proxy: string | Agent | undefined, target: string): ProxyRoute | undefined {
  if (typeof proxy === 'object') return { agent: proxy, refusal: () => undefined, isReached: () => undefined }
  const url = proxy ?? proxyFromEnvironment(target)
  if (!url) return undefined
  const agent = new HttpsProxyAgent(proxyUrl(url)) as unknown as Agent & EventEmitter
  let status: number | undefined
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    status = statusCode
  })
  return { agent, refusal: () => (status === 200 ? undefined : status), isReached: () => status !== undefined }
}

/**
 * A proxy's URL: as it is, or as curl takes it too, a host without scheme. Throws `KafkaJSNonRetriableError` for what is
 * none; it may hold a password, and is not repeated.
 */
export function proxyUrl(text: string): string {
  const url = text.includes('://') ? text : `http://${text}`
  if (URL.canParse(url)) return url
  throw new KafkaJSNonRetriableError(
    'eventHubs.proxy (or HTTPS_PROXY) is not a URL such as http://user:password@proxy:3128; percent-encode the password',
  )
}

function proxyFromEnvironment(target: string): string | undefined {
  if (!target.startsWith('wss:')) return undefined
  const proxy = getProxyForUrl(target.replace('wss:', 'https:'))
  // One without scheme is given the target's, https; it speaks http, as curl takes it.
  const isVerbatim = Object.values(process.env).includes(proxy)
  return (isVerbatim ? proxy : proxy.replace('https:', 'http:')) || undefined
}

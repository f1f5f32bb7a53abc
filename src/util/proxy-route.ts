import type { EventEmitter } from 'node:events'
import type { Agent } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'

/** A way through a proxy. */
export interface ProxyRoute {
  readonly agent: Agent
  /** The proxy's host and port. Undefined: an agent of the user's does not tell. */
  readonly host: string | undefined
  /** The answer of the proxy when it would not open the way; its status code. */
  refusal(): number | undefined
  /** True once the proxy has answered at all. Undefined: an agent of the user's does not tell. */
  isReached(): boolean | undefined
}

/**
 * The proxy that `HTTPS_PROXY` names for a WebSocket, unless `NO_PROXY` excepts the host. Undefined when the way is
 * direct.
 */
export function proxyFromEnvironment(target: string): string | undefined {
  if (!target.startsWith('wss:')) return undefined
  const proxy = getProxyForUrl(target.replace('wss:', 'https:'))
  // One without scheme is given the target's, https; it speaks http, as curl takes it.
  const isVerbatim = Object.values(process.env).includes(proxy)
  return (isVerbatim ? proxy : proxy.replace('https:', 'http:')) || undefined
}

/** A proxy's URL: as it is, or as curl takes it too, a host without scheme. Undefined: the text is none. */
export function parseProxyUrl(text: string): URL | undefined {
  const url = text.includes('://') ? text : `http://${text}`
  return URL.canParse(url) ? new URL(url) : undefined
}

/** The route through an agent, or for a URL through an HTTP CONNECT proxy. One for each connection. */
export function routeThrough(proxy: URL | Agent): ProxyRoute {
  if (!(proxy instanceof URL)) {
    return { agent: proxy, host: undefined, refusal: () => undefined, isReached: () => undefined }
  }
  const agent = new HttpsProxyAgent(proxy) as unknown as Agent & EventEmitter
  let status: number | undefined
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
    status = statusCode
  })
  return {
    agent,
    host: proxy.host,
    refusal: () => (status === 200 ? undefined : status),
    isReached: () => status !== undefined,
  }
}

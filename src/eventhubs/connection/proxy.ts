import type { Agent } from 'node:http'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { type ProxyRoute, parseProxyUrl, proxyFromEnvironment, routeThrough } from '../../util/proxy-route.js'

/**
 * Route of a WebSocket: the agent given, or for a URL an HTTP CONNECT proxy; without either the proxy that
 * `HTTPS_PROXY` names, unless `NO_PROXY` excepts the host. Undefined when the way is direct. One for each connection.
 */
export function proxyRoute(proxy: string | Agent | undefined, target: string): ProxyRoute | undefined {
  if (typeof proxy === 'object') return routeThrough(proxy)
  const url = proxy ?? proxyFromEnvironment(target)
  return url ? routeThrough(proxyUrl(url)) : undefined
}

/** A proxy's URL. Throws `KafkaJSNonRetriableError` for what is none; it may hold a password, and is not repeated. */
export function proxyUrl(text: string): URL {
  const url = parseProxyUrl(text)
  if (url) return url
  throw new KafkaJSNonRetriableError(
    'eventHubs.proxy (or HTTPS_PROXY) is not a URL such as http://user:password@proxy:3128; percent-encode the password',
  )
}

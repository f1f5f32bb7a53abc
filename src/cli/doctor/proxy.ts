import type { Agent } from 'node:http'
import { isIPv6 } from 'node:net'
import type { ProxyRoute } from '../../util/proxy-route.js'
import { askService, clockFinding, messageOf } from './answer.js'
import { type Finding, failed, ok } from './finding.js'
import { PORTS, type Reach } from './network.js'
import type { Target } from './target.js'

/**
 * The route of WebSockets through the proxy that is configured, or that the environment names for this host; undefined
 * without one, a failure for what is no URL. Found as programs find it.
 */
export async function findRoute(
  proxy: string | Agent | undefined,
  target: Target,
): Promise<ProxyRoute | Finding | undefined> {
  // Loaded late: other commands need no proxy.
  const { parseProxyUrl, proxyFromEnvironment, routeThrough } = await import('../../util/proxy-route.js')
  if (typeof proxy === 'object') return routeThrough(proxy)
  const host = isIPv6(target.host) ? `[${target.host}]` : target.host
  const address = `${target.isSecure ? 'wss' : 'ws'}://${host}:${target.port ?? PORTS.https}/`
  const text = proxy ?? proxyFromEnvironment(address)
  if (text === undefined) return undefined
  const url = parseProxyUrl(text)
  const remedy = 'Write it as http://user:password@host:port, and percent-encode the password'
  return url ? routeThrough(url) : failed('proxy', 'the proxy of the configuration or of HTTPS_PROXY is no URL', remedy)
}

/** The proxy, and TLS and the clock through it. Name resolution and ports are the proxy's own matter. */
export async function* examineProxy(route: ProxyRoute, target: Target, reach: Reach): AsyncGenerator<Finding> {
  const step = 'proxy'
  const name = route.host ?? 'the agent of eventHubs.proxy'
  const answer = await askService(target, { port: PORTS.https, agent: route.agent })
  const status = route.refusal()
  if (status === 407) {
    yield failed(step, `${name} wants a password`, 'Write it into the URL: http://user:password@host:port')
  } else if (status !== undefined) {
    const service = `${target.host}:${target.port ?? PORTS.https}`
    yield failed(step, `${name} refuses a tunnel: ${status}`, `Have ${service} allowed there`)
  } else if (answer.error && route.isReached() !== true) {
    yield failed(step, `${name}: ${messageOf(answer.error)}`, 'Check the address of the proxy')
  } else {
    reach.https = true
    yield ok(step, `${name} opens a tunnel`)
    if (answer.tls) yield answer.tls
    yield clockFinding(answer)
  }
}

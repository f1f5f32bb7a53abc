import type { Agent } from 'node:http'
import { HttpsProxyAgent } from 'https-proxy-agent'

/**
 * The agent through which a WebSocket is opened: the one given, or for a URL an HTTP CONNECT proxy; without either the
 * proxy that `HTTPS_PROXY` names, unless `NO_PROXY` excepts the host. Empty when the way is direct.
 */
export function proxyAgent(
  proxy: string | Agent | undefined,
  target: string,
  environment: NodeJS.ProcessEnv = process.env,
): { agent?: Agent } {
  if (typeof proxy === 'object') return { agent: proxy }
  const url = proxy ?? proxyFromEnvironment(new URL(target), environment)
  return url ? { agent: new HttpsProxyAgent(url) as unknown as Agent } : {}
}

function proxyFromEnvironment(target: URL, environment: NodeJS.ProcessEnv): string | undefined {
  if (target.protocol !== 'wss:') return undefined
  const value = (name: string) => environment[name.toLowerCase()] || environment[name.toUpperCase()]
  const isExcepted = (value('no_proxy') ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((pattern) => excepts(pattern, target))
  return isExcepted ? undefined : value('https_proxy')
}

/** `*`, a host, a domain with or without leading dot or `*.`, each perhaps with a port: as curl reads NO_PROXY. */
function excepts(pattern: string, target: URL): boolean {
  if (pattern === '*') return true
  const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(pattern.toLowerCase()) ?? []
  const domain = name?.replace(/^\*?\./, '') ?? ''
  const isSamePort = !port || port === (target.port || '443')
  return isSamePort && (target.hostname === domain || target.hostname.endsWith(`.${domain}`))
}

import type { Agent } from 'node:http'
import type { PipelineOptions } from '@azure/core-rest-pipeline'
import { proxyUrl } from '../eventhubs/connection/proxy.js'

/** The way requests go out: through a proxy, with an agent, or as `HTTPS_PROXY` and `NO_PROXY` say. */
export function viaProxy(proxy: string | Agent | undefined): Pick<PipelineOptions, 'agent' | 'proxyOptions'> {
  if (proxy === undefined) return {}
  if (typeof proxy === 'object') return { agent: proxy }
  const url = proxyUrl(proxy)
  return {
    proxyOptions: {
      host: `${url.protocol}//${url.hostname}`,
      port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(url.password && { password: decodeURIComponent(url.password) }),
    },
  }
}

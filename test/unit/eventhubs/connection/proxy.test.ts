import { Agent } from 'node:http'
import { afterEach, expect, it, vi } from 'vitest'
import { parseAddress } from '../../../../src/eventhubs/connection/endpoint.js'
import { proxyRoute } from '../../../../src/eventhubs/connection/proxy.js'

const target = 'wss://ns.servicebus.windows.net:443/$servicebus/websocket'

afterEach(() => {
  vi.unstubAllEnvs()
})

function routeWith(environment: Readonly<Record<string, string>>, proxy?: Agent | string, url = target) {
  for (const name of ['HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, '')
    vi.stubEnv(name.toLowerCase(), '')
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  return proxyRoute(proxy, url)
}

it('takes the agent or URL that was given before the environment', () => {
  const agent = new Agent()
  expect(routeWith({ HTTPS_PROXY: 'http://p:1' }, agent)?.agent).toBe(agent)
  expect(routeWith({ NO_PROXY: '*' }, 'http://p:1')).toBeDefined()
})

it.each([
  [{}, false],
  [{ HTTPS_PROXY: 'http://p:1' }, true],
  [{ https_proxy: 'http://p:1' }, true],
  [{ HTTPS_PROXY: '' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'windows.net' }, true],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '.windows.net,x' }, false],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'x *.WINDOWS.net' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ns.servicebus.windows.net:443' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ns.servicebus.windows.net:5671' }, true],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'dows.net' }, true],
] as const)('%j proxies: %s', (environment, expected) => {
  expect(routeWith(environment) !== undefined).toBe(expected)
})

it.each([
  ['p:1', 'http://p:1'],
  ['http://p:1', 'http://p:1'],
  ['https://p:1', 'https://p:1'],
])('%s is a proxy at %s', (HTTPS_PROXY, url) => {
  const agent = routeWith({ HTTPS_PROXY })?.agent as { proxy?: URL } | undefined
  expect(agent?.proxy?.origin).toBe(url)
})

it('goes to an emulator without TLS directly', () => {
  expect(routeWith({ HTTPS_PROXY: 'http://p:1' }, undefined, 'ws://localhost:5672/')).toBeUndefined()
})

it.each([
  ['sb://gateway.example.com/', 'gateway.example.com', undefined],
  ['https://gateway.example.com:8443', 'gateway.example.com', 8443],
  ['sb://gateway.example.com:443', 'gateway.example.com', 443],
  ['gateway.example.com:5671', 'gateway.example.com', 5671],
  ['amqps://[::1]:5671', '::1', 5671],
  ['10.0.0.4', '10.0.0.4', undefined],
])('%s is %s, port %s', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port })
})

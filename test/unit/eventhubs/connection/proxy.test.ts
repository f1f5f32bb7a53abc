import { Agent } from 'node:http'
import { expect, it } from 'vitest'
import { parseAddress } from '../../../../src/eventhubs/connection/endpoint.js'
import { proxyRoute } from '../../../../src/eventhubs/connection/proxy.js'

const target = 'wss://ns.servicebus.windows.net:443/$servicebus/websocket'
const isProxied = (environment: NodeJS.ProcessEnv, url = target) =>
  proxyRoute(undefined, url, environment) !== undefined

it('takes the agent or URL that was given before the environment', () => {
  const agent = new Agent()
  expect(proxyRoute(agent, target, { HTTPS_PROXY: 'http://p:1' })?.agent).toBe(agent)
  expect(proxyRoute('http://p:1', target, { NO_PROXY: '*' })).toBeDefined()
})

it.each([
  [{}, false],
  [{ HTTPS_PROXY: 'http://p:1' }, true],
  [{ https_proxy: 'http://p:1' }, true],
  [{ HTTPS_PROXY: '' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'windows.net' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '.windows.net,x' }, false],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'x *.WINDOWS.net' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ns.servicebus.windows.net:443' }, false],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ns.servicebus.windows.net:5671' }, true],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'dows.net' }, true],
] as const)('%j proxies: %s', (environment, expected) => {
  expect(isProxied(environment)).toBe(expected)
})

it('goes to an emulator without TLS directly', () => {
  expect(isProxied({ HTTPS_PROXY: 'http://p:1' }, 'ws://localhost:5672/')).toBe(false)
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

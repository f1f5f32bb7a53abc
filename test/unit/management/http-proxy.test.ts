import { expect, it } from 'vitest'
import { viaProxy } from '../../../src/management/http-proxy.js'

it('takes a proxy as connections to Event Hubs do: by URL, or by host and port', () => {
  const proxyOptions = { host: 'http://proxy', port: 3128 }
  expect(viaProxy('http://proxy:3128')).toEqual({ proxyOptions })
  expect(viaProxy('proxy:3128')).toEqual({ proxyOptions })
  expect(viaProxy('http://me:p%40ss@proxy:3128')).toEqual({
    proxyOptions: { ...proxyOptions, username: 'me', password: 'p@ss' },
  })
})

it('refuses what is no URL without repeating it', () => {
  const attempt = () => viaProxy('http://me:hush/hush@proxy:3128')
  expect(attempt).toThrow(expect.objectContaining({ name: 'KafkaJSNonRetriableError' }))
  expect(attempt).not.toThrow(/hush/)
})

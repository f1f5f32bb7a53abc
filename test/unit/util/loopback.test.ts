import { describe, expect, it } from 'vitest'
import { isLoopback } from '../../../src/util/loopback.js'

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'a.localhost'])(
    'holds for %s',
    (host) => {
      expect(isLoopback(host)).toBe(true)
    },
  )

  it.each(['ns.servicebus.windows.net', '128.0.0.1', 'localhost.example.org', '10.0.0.1', '0.0.0.0', '::', '::12'])(
    'does not hold for %s',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
})

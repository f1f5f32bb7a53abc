import { describe, expect, it } from 'vitest'
import { kafkaSettings } from '../../../src/config/config.js'
import { configRefusals } from '../../../src/config/refusals.js'
import { KafkaJSNotImplemented, KafkaJSSASLAuthenticationError } from '../../../src/errors/index.js'
import type { KafkaConfig } from '../../../src/types/index.js'

const brokers = ['ns.servicebus.windows.net:9093']

/** A configuration for each refusal that asks for just this. */
const asking: Record<string, Partial<KafkaConfig>> = {
  "sasl.mechanism 'scram-sha-256'": { sasl: { mechanism: 'scram-sha-256', username: 'u', password: 'p' } },
  "sasl.mechanism 'scram-sha-512'": { sasl: { mechanism: 'SCRAM-SHA-512' as never, username: 'u', password: 'p' } },
  "sasl.mechanism 'aws'": {
    sasl: { mechanism: 'aws', authorizationIdentity: 'a', accessKeyId: 'b', secretAccessKey: 'c' },
  },
  'sasl.authenticationProvider': {
    sasl: { mechanism: 'custom', authenticationProvider: () => ({ authenticate: async () => {} }) },
  },
  'sasl.mechanism': { sasl: { mechanism: 'kerberos' } as never },
  socketFactory: { socketFactory: () => undefined as never },
  ssl: { ssl: true, eventHubs: { connectionString: 'Endpoint=sb://localhost;UseDevelopmentEmulator=true' } },
  'eventHubs.proxy': { eventHubs: { proxy: 'http://proxy:3128' } },
}

describe('the refusals', () => {
  it.each(configRefusals.map((refusal) => [refusal.option, refusal] as const))('%s', (option, { sentence, error }) => {
    const config = asking[option]
    expect(config, 'no test asks for it').toBeDefined()
    const attempt = () => kafkaSettings({ brokers, ...config })
    expect(attempt).toThrow(error === 'sasl' ? KafkaJSSASLAuthenticationError : KafkaJSNotImplemented)
    expect(attempt).toThrow(sentence)
    // Names the option, and a next step.
    expect(sentence).toContain(option)
    expect(sentence).toMatch(/\b(use|set|write|pass|trust)\b/)
    expect(sentence).toMatch(/\.$/)
  })

  it.each<[string, Partial<KafkaConfig>]>([
    ['nothing', {}],
    ['plain', { sasl: { mechanism: 'plain', username: 'u', password: 'p' } }],
    ['PLAIN', { sasl: { mechanism: 'PLAIN' as 'plain', username: 'u', password: 'p' } }],
    ['oauthbearer', { sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 't' }) } }],
    ['ssl: true', { ssl: true }],
    ['ssl: false', { ssl: false }],
    ['ssl with options', { ssl: { ca: ['pem'] } }],
    ['ssl with options over WebSockets', { ssl: { ca: ['pem'] }, eventHubs: { transport: 'websockets' } }],
    ['a proxy over WebSockets', { eventHubs: { transport: 'websockets', proxy: 'http://proxy:3128' } }],
    ['nothing, spelled out', { sasl: undefined as never, ssl: undefined as never, socketFactory: undefined as never }],
  ])('do not concern %s', (_title, config) => {
    expect(() => kafkaSettings({ brokers, ...config })).not.toThrow()
  })
})

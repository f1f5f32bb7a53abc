import { KafkaJSNotImplemented, KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { ConnectionStringConfig, KafkaConfig } from '../types/index.js'

/** A call that kafkajs has and this package cannot do: told at once, with the way that Event Hubs has instead. */
export interface Refusal {
  /** kafkajs's name of it, e.g. `sasl.mechanism 'aws'`. Part of the sentence. */
  readonly option: string
  /** The reason against it, and what to do instead. */
  readonly sentence: string
  /** True for a configuration that asks for it. */
  applies(config: Partial<KafkaConfig> | Partial<ConnectionStringConfig>): boolean
  /** The class of error; by default `KafkaJSNotImplemented`. */
  readonly error?: 'sasl'
}

const mechanismOf = ({ sasl }: { sasl?: KafkaConfig['sasl'] | undefined }) =>
  String(sasl?.mechanism ?? '').toLowerCase()

const usesWebSockets = ({ eventHubs }: { eventHubs?: KafkaConfig['eventHubs'] | undefined }) =>
  eventHubs?.transport === 'websockets'

const plainOrBearer =
  "use mechanism 'plain' with username '$ConnectionString' and the connection string as password, or 'oauthbearer', or pass eventHubs.auth"

/** The options of `new Kafka()` that are refused. Calls that are refused stand in `admin/unsupported.ts`. */
export const configRefusals: readonly Refusal[] = [
  {
    option: "sasl.mechanism 'scram-sha-256'",
    sentence: `SASL SCRAM-SHA-256 mechanism is not supported by the server: sasl.mechanism 'scram-sha-256' cannot be used, as Event Hubs knows no SCRAM users; ${plainOrBearer}.`,
    applies: (config) => mechanismOf(config) === 'scram-sha-256',
    error: 'sasl',
  },
  {
    option: "sasl.mechanism 'scram-sha-512'",
    sentence: `SASL SCRAM-SHA-512 mechanism is not supported by the server: sasl.mechanism 'scram-sha-512' cannot be used, as Event Hubs knows no SCRAM users; ${plainOrBearer}.`,
    applies: (config) => mechanismOf(config) === 'scram-sha-512',
    error: 'sasl',
  },
  {
    option: "sasl.mechanism 'aws'",
    sentence:
      "SASL AWS mechanism is not supported by the server: sasl.mechanism 'aws' means AWS IAM, which Azure does not know; use azureAdAuth() of this package as eventHubs.auth for managed identities and service principals.",
    applies: (config) => mechanismOf(config) === 'aws',
    error: 'sasl',
  },
  {
    option: 'sasl.authenticationProvider',
    sentence:
      'sasl.authenticationProvider speaks SASL frames of the Kafka protocol, which AMQP has not: write an AuthProvider, one method that returns a credential, and pass it as eventHubs.auth.',
    applies: ({ sasl }) =>
      typeof (sasl as { authenticationProvider?: unknown } | undefined)?.authenticationProvider === 'function',
    error: 'sasl',
  },
  {
    option: 'sasl.mechanism',
    sentence: `sasl.mechanism is not one that Event Hubs knows: ${plainOrBearer}.`,
    applies: (config) => {
      const { sasl } = config
      if (sasl === undefined || sasl === null) return false
      return !['plain', 'oauthbearer'].includes(mechanismOf(config))
    },
    error: 'sasl',
  },
  {
    option: 'socketFactory',
    sentence:
      "socketFactory cannot be used: it is made for Kafka's protocol and ports, and connections here speak AMQP. To go through a proxy or port 443 set eventHubs.transport to 'websockets' and eventHubs.proxy; for a private endpoint set eventHubs.customEndpointAddress.",
    applies: ({ socketFactory }) => socketFactory !== undefined && socketFactory !== null,
  },
  {
    option: 'ssl',
    sentence:
      'ssl cannot be used with a connection string that says UseDevelopmentEmulator=true, which means plain TCP: use one without that, or leave ssl out.',
    applies: ({ ssl, eventHubs }) =>
      Boolean(ssl) && /UseDevelopmentEmulator\s*=\s*true/i.test(eventHubs?.connectionString ?? ''),
  },
  {
    option: 'eventHubs.proxy',
    sentence: "eventHubs.proxy works over WebSockets only: set eventHubs.transport to 'websockets'.",
    applies: (config) => config.eventHubs?.proxy !== undefined && !usesWebSockets(config),
  },
]

/** Throws for the first option that is refused. */
export function refuseUnsupported(config: Partial<KafkaConfig> | Partial<ConnectionStringConfig>): void {
  const refusal = configRefusals.find((entry) => entry.applies(config))
  if (!refusal) return
  if (refusal.error === 'sasl') throw new KafkaJSSASLAuthenticationError(refusal.sentence)
  throw new KafkaJSNotImplemented(refusal.sentence)
}

import type * as net from 'node:net'
import type * as tls from 'node:tls'
import type { logLevel } from './enums.js'
import type { EventHubsOptions } from './event-hubs.js'
import type { Logger, logCreator } from './logging.js'

/** Names the brokers; called each time a client connects. @public */
export type BrokersFunction = () => string[] | Promise<string[]>

/** The retries of failures: exponential waits with jitter. @public */
export interface RetryOptions {
  /** The longest wait, ms. Default 30 000. */
  maxRetryTime?: number
  /** The first wait, ms. Default 300. */
  initialRetryTime?: number
  /** Jitter, a share of the wait. Default 0.2. */
  factor?: number
  /** The factor by which each wait is longer than the one before. Default 2. */
  multiplier?: number
  /** The number of retries after the first attempt. Default 5. */
  retries?: number
  /** Consumers only: whether to start again after a crash. Default: yes. */
  restartOnFailure?: (e: Error) => Promise<boolean>
}

/** The value an `oauthBearerProvider` resolves to. @public */
export interface OauthbearerProviderResponse {
  /** The token: a JWT, whose `exp` decides when it is renewed. */
  value: string
}

/** The options of each SASL mechanism. @public */
export type SASLMechanismOptionsMap = {
  plain: { username: string; password: string }
  'scram-sha-256': { username: string; password: string }
  'scram-sha-512': { username: string; password: string }
  aws: { authorizationIdentity: string; accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  oauthbearer: { oauthBearerProvider: () => Promise<OauthbearerProviderResponse> }
}

/** The SASL mechanisms kafkajs knows. Event Hubs takes `plain` and `oauthbearer`; the others are refused. @public */
export type SASLMechanism = keyof SASLMechanismOptionsMap

/** A mechanism with what it needs. @public */
export type SASLMechanismOptions<T> = T extends SASLMechanism ? { mechanism: T } & SASLMechanismOptionsMap[T] : never

/** Credentials in kafkajs's form. @public */
export type SASLOptions = SASLMechanismOptions<SASLMechanism>

/** Speaks to a broker to authenticate. Part of {@link Mechanism}, which is refused. @public */
export type Authenticator = { authenticate: () => Promise<void> }

/** A SASL request on Kafka's wire. Part of {@link Mechanism}, which is refused. @public */
export type SaslAuthenticationRequest = { encode: () => Buffer | Promise<Buffer> }

/** A SASL response on Kafka's wire. Part of {@link Mechanism}, which is refused. @public */
export type SaslAuthenticationResponse<ParseResult> = {
  decode: (rawResponse: Buffer) => Buffer | Promise<Buffer>
  parse: (data: Buffer) => ParseResult
}

/** One SASL exchange. Part of {@link Mechanism}, which is refused. @public */
export type SaslAuthenticateArgs<ParseResult> = {
  request: SaslAuthenticationRequest
  response?: SaslAuthenticationResponse<ParseResult>
}

/** The arguments a custom mechanism would get. Part of {@link Mechanism}, which is refused. @public */
export type AuthenticationProviderArgs = {
  host: string
  port: number
  logger: Logger
  // biome-ignore lint/suspicious/noConfusingVoidType: kafkajs's contract
  saslAuthenticate: <ParseResult>(args: SaslAuthenticateArgs<ParseResult>) => Promise<ParseResult | void>
}

/**
 * A SASL mechanism of one's own. It compiles, and is refused when `Kafka` is constructed: AMQP authenticates with
 * tokens, so write an `AuthProvider` and pass it as `eventHubs.auth`.
 *
 * @public
 */
export type Mechanism = {
  mechanism: string
  authenticationProvider: (args: AuthenticationProviderArgs) => Authenticator
}

/** The arguments a socket factory would get. @public */
export interface ISocketFactoryArgs {
  /** Host of the broker. */
  host: string
  /** Port of the broker. */
  port: number
  /** TLS options. */
  ssl: tls.ConnectionOptions
  /** The function to call when connected. */
  onConnect: () => void
}

/** Makes sockets. Refused: see `eventHubs.transport` and `eventHubs.proxy`. @public */
export type ISocketFactory = (args: ISocketFactoryArgs) => net.Socket

/** The options of `new Kafka()`: kafkajs's options, and `eventHubs`. @public */
export interface KafkaConfig {
  /** The namespace, as `['<namespace>.servicebus.windows.net:9093']`: the port does not matter; or a function. */
  brokers: string[] | BrokersFunction
  /** Event Hubs always speaks TLS. An object needs `eventHubs.transport: 'websockets'`. */
  ssl?: tls.ConnectionOptions | boolean
  /** Credentials; `plain` or `oauthbearer`. */
  sasl?: SASLOptions | Mechanism
  /** The name this program goes by. Default `kafkajs`. */
  clientId?: string
  /** The longest time opening a connection may take, ms. Default 10 000. */
  connectionTimeout?: number
  /** Accepted: authenticating is part of what `connectionTimeout` and `requestTimeout` bound. Default 10 000. */
  authenticationTimeout?: number
  /** The time before a token's end at which a new one is asked for, ms. Default 10 000. */
  reauthenticationThreshold?: number
  /** The longest time an operation may take, ms. Default 30 000. */
  requestTimeout?: number
  /** True to keep `requestTimeout`. Default true. */
  enforceRequestTimeout?: boolean
  /** The retries of failures, for all clients that do not say otherwise. */
  retry?: RetryOptions
  /** Refused: see `eventHubs.transport` and `eventHubs.proxy`. */
  socketFactory?: ISocketFactory
  /** The amount that is logged. Default INFO; the environment variable `KAFKAJS_LOG_LEVEL` decides over it. */
  logLevel?: logLevel
  /** Writes the log. Default: one JSON object per line, to the console. */
  logCreator?: logCreator
  /** The options of Event Hubs. */
  eventHubs?: EventHubsOptions
}

/** A {@link KafkaConfig} whose connection string stands for `brokers` and `sasl`. @public */
export interface ConnectionStringConfig extends Omit<KafkaConfig, 'brokers' | 'eventHubs'> {
  /** Not needed; if given, the same namespace. */
  brokers?: KafkaConfig['brokers']
  /** The options of Event Hubs, with the connection string. */
  eventHubs: EventHubsOptions & { connectionString: string }
}

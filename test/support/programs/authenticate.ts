import type { ClientSecretCredentialOptions } from '@azure/identity'
import { azureAdAuth, Kafka, type KafkaConfig, type LogEntry, msalAuth, oauthBearerAuth } from '../../../src/index.js'
import { report } from '../program.js'

/**
 * Sends a message and reads it back with the configuration in `PROGRAM_CONFIG`, or says what went wrong. A program of its
 * own, since certificates are trusted when Node.js starts (`NODE_EXTRA_CA_CERTS`).
 */
export interface AuthenticateConfig {
  kafka: KafkaConfig
  topic: string
  /** Connects only. */
  connectOnly?: boolean
  auth?:
    | { kind: 'identity'; tenantId: string; clientId: string; clientSecret: string; authorityHost: string }
    | { kind: 'environment' }
    | { kind: 'msal'; options: Parameters<typeof msalAuth>[0] }
    | { kind: 'msal-app'; clientId: string; authority: string; knownAuthority: string; clientSecret: string }
    | { kind: 'bearer'; url: string }
}

/** How it ended. */
export interface AuthenticateResult {
  type: 'result'
  received?: string
  milliseconds: number
  error?: { name: string; message: string; stack: string; causes: string[] }
  log: LogEntry[]
}

const config = JSON.parse(process.env['PROGRAM_CONFIG'] ?? '') as AuthenticateConfig

async function authOf(auth: AuthenticateConfig['auth']) {
  switch (auth?.kind) {
    case 'identity': {
      const { ClientSecretCredential } = await import('@azure/identity')
      const options: ClientSecretCredentialOptions = {
        authorityHost: auth.authorityHost,
        disableInstanceDiscovery: true,
      }
      return azureAdAuth({
        credential: new ClientSecretCredential(auth.tenantId, auth.clientId, auth.clientSecret, options),
      })
    }
    case 'environment':
      return azureAdAuth({ disableInstanceDiscovery: true })
    case 'msal':
      return msalAuth(auth.options)
    case 'msal-app': {
      const { ConfidentialClientApplication } = await import('@azure/msal-node')
      const { clientId, authority, knownAuthority, clientSecret } = auth
      const app = new ConfidentialClientApplication({
        auth: { clientId, clientSecret, authority, knownAuthorities: [knownAuthority] },
      })
      return msalAuth({ app })
    }
    case 'bearer':
      return oauthBearerAuth(async () => {
        const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'eventhubs' })
        const response = await fetch(auth.url, { method: 'POST', body })
        if (!response.ok) throw new Error(`The issuer answered ${response.status}`)
        return { value: ((await response.json()) as { access_token: string }).access_token }
      })
    default:
      return undefined
  }
}

async function roundTrip(kafka: Kafka): Promise<string | undefined> {
  const { topic, connectOnly } = config
  const producer = kafka.producer()
  await producer.connect()
  if (connectOnly) {
    await producer.disconnect()
    return undefined
  }
  const consumer = kafka.consumer({ groupId: 'authenticate' })
  try {
    await producer.send({ topic, messages: [{ value: 'through' }] })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    return await new Promise<string>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
    })
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
}

const log: LogEntry[] = []
const auth = await authOf(config.auth)
const kafka = new Kafka({
  logLevel: 5,
  logCreator: () => (entry) => void log.push(entry),
  ...config.kafka,
  eventHubs: { checkpointStore: 'memory:', ...config.kafka.eventHubs, ...(auth && { auth }) },
})
const begun = performance.now()
const result: AuthenticateResult = { type: 'result', milliseconds: 0, log }
try {
  const received = await roundTrip(kafka)
  if (received !== undefined) result.received = received
} catch (caught) {
  const error = caught as Error
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    causes.push(`${cause.name}: ${cause.message}\n${cause.stack}`)
  }
  result.error = { name: error.name, message: error.message, stack: String(error.stack), causes }
}
result.milliseconds = performance.now() - begun
report({ ...result })
process.exit()

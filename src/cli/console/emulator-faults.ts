import type { NamedFault } from '../../emulator/named-faults.js'
import type { AuthProvider } from '../../exports.js'
import type { Connection } from '../clients.js'
import { resolveTarget, type Target } from '../doctor/target.js'
import { Refusal } from './guard.js'

/** The faults of the emulator that the console is connected to, be it in this process or in another. */
export interface EmulatorFaults {
  /** Empty for a namespace, another emulator, or one that takes no requests for faults from this key. */
  list(): Promise<readonly NamedFault[]>
  /** Resolves with what was done, in a sentence. Rejects with a `Refusal` that the emulator has given. */
  provoke(name: string, target: unknown): Promise<{ done: string }>
}

/** The most that an answer may take, ms: an emulator is on this machine, which may be a busy one. */
const TIMEOUT_MS = 10_000

/** A page shows these. */
const MOST_FAULTS = 100

/** Faults over the emulator's HTTP API, signed with the credential that the clients of the connection have. */
export async function createEmulatorFaults(
  { config, kafka }: Connection,
  timeout = TIMEOUT_MS,
): Promise<EmulatorFaults> {
  const target = await resolveTarget(config)
  const { authProviderOf } = await import('../../kafka.js')
  const ask = async (method: 'GET' | 'POST', path: string, body?: string) => {
    const { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } = await import(
      '@azure/core-rest-pipeline'
    )
    const { status, bodyAsText } = await createDefaultHttpClient().sendRequest(
      createPipelineRequest({
        method,
        url: `${urlOf(target)}/$faults${path}`,
        headers: createHttpHeaders({ authorization: await authorizationOf(authProviderOf(kafka), target) }),
        ...(body !== undefined && { body }),
        timeout,
        disableKeepAlive: true,
        allowInsecureConnection: true,
        requestOverrides: { ...target.tlsOptions },
      }),
    )
    return { status, answer: JSON.parse(bodyAsText || '{}') as Record<string, unknown> }
  }
  return {
    async list() {
      if (!target.isLocal) return []
      try {
        const { status, answer } = await ask('GET', '')
        return status === 200 && Array.isArray(answer['faults'])
          ? answer['faults'].filter(isFault).slice(0, MOST_FAULTS)
          : []
      } catch {
        // Nobody there, or one that does not speak this: the rest of the page tells more.
        return []
      }
    },
    async provoke(name, body) {
      if (!target.isLocal) throw new Refusal(404, 'Only an emulator on this machine has faults')
      const { status, answer } = await ask('POST', `/${name}`, JSON.stringify(body))
      if (status === 200) return { done: String(answer['done']) }
      // What the emulator says of its own key must not read as the page's own sign-in.
      throw new Refusal(status === 400 || status === 404 ? status : 502, String(answer['error'] ?? `HTTP ${status}`))
    },
  }
}

const STRIKES: readonly unknown[] = ['namespace', 'topic', 'partition'] satisfies NamedFault['strikes'][]

function isFault(value: unknown): value is NamedFault {
  const { name, title, text, strikes } = (value ?? {}) as Record<keyof NamedFault, unknown>
  const isNamed = typeof name === 'string' && /^[a-z-]+$/.test(name)
  return isNamed && typeof title === 'string' && typeof text === 'string' && STRIKES.includes(strikes)
}

function urlOf({ host, port, isSecure }: Target): string {
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The value of the header: a bearer token where the credential makes them, else a shared access signature. */
async function authorizationOf(provider: AuthProvider, { namespace }: Target): Promise<string> {
  const credential = await provider.getCredential({ fullyQualifiedNamespace: namespace })
  const { createSasTokenProvider, Constants } = await import('@azure/core-amqp')
  if ('getToken' in credential) {
    const token = await credential.getToken(Constants.aadEventHubsScope)
    return `Bearer ${token?.token}`
  }
  const signer = createSasTokenProvider('connectionString' in credential ? await keyOf(credential) : credential)
  return (await signer.getToken(`sb://${namespace}/`)).token
}

async function keyOf({ connectionString }: { connectionString: string }) {
  const { parseEventHubConnectionString } = await import('@azure/event-hubs')
  const {
    sharedAccessKeyName: name,
    sharedAccessKey: key,
    sharedAccessSignature,
  } = parseEventHubConnectionString(connectionString)
  if (sharedAccessSignature !== undefined) return { signature: sharedAccessSignature }
  return { name: name ?? '', key: key ?? '' }
}

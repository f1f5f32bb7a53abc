import type { ConnectionStringConfig, KafkaConfig } from '../../exports.js'
import { type Finding, failed, ok, skipped, warning, within } from './finding.js'
import type { Target } from './target.js'

const TIMEOUT_MS = 30_000
const SCOPE = 'https://eventhubs.azure.net/.default'

/**
 * The findings about the credential: its kind, and whether a token can be had of it; the service has not been asked
 * yet.
 */
export async function* examineCredential(
  config: KafkaConfig | ConnectionStringConfig,
  target: Target,
): AsyncGenerator<Finding> {
  const step = 'credential'
  const auth = config.eventHubs?.auth
  if (auth) {
    yield* examineProvider(() => auth.getCredential({ fullyQualifiedNamespace: target.namespace }))
  } else if (target.connectionString !== undefined) yield examineConnectionString(target.connectionString)
  else if (config.sasl && 'oauthBearerProvider' in config.sasl) {
    const { oauthBearerProvider } = config.sasl
    try {
      yield examineToken((await within(TIMEOUT_MS, oauthBearerProvider())).value)
    } catch (error) {
      yield failed(step, `oauthBearerProvider: ${(error as Error).message}`, 'The provider itself fails: mend it first')
    }
  } else if (config.sasl && 'username' in config.sasl) yield ok(step, `shared access key '${config.sasl.username}'`)
  else if (target.isLocal) yield ok(step, "none: an emulator's well-known key")
  else {
    yield failed(
      step,
      'none',
      'Set EVENTHUBS_CONNECTION_STRING, or say --azure-ad for managed identities, az login and the like',
    )
  }
}

function examineConnectionString(text: string): Finding {
  const step = 'credential'
  const field = (name: string) => new RegExp(`(?:^|;)\\s*${name}=([^;]*)`, 'i').exec(text)?.[1]
  const entity = field('EntityPath')
  const scope = entity ? `, for the event hub '${entity}' only` : ''
  const signature = field('SharedAccessSignature')
  if (signature) {
    const expiry = Number(/[?& ]se=(\d+)/.exec(signature)?.[1]) * 1000
    if (expiry < Date.now()) {
      return failed(step, `a shared access signature that ended ${new Date(expiry).toISOString()}`, 'Issue a new one')
    }
    return ok(step, `a shared access signature until ${new Date(expiry).toISOString()}${scope}`)
  }
  const name = field('SharedAccessKeyName')
  if (!name || !field('SharedAccessKey')) {
    return failed(
      step,
      'the connection string has no SharedAccessKeyName and SharedAccessKey',
      'Copy it whole: Azure portal, the namespace, Shared access policies',
    )
  }
  if (name === 'RootManageSharedAccessKey' && !/UseDevelopmentEmulator=true/i.test(text)) {
    return warning(
      step,
      `shared access key '${name}'${scope}`,
      'It may do anything in the namespace: give programs a rule with Send or Listen, or a managed identity',
    )
  }
  return ok(step, `shared access key '${name}'${scope}`)
}

async function* examineProvider(getCredential: () => unknown): AsyncGenerator<Finding> {
  const step = 'credential'
  let credential: unknown
  try {
    credential = await within(TIMEOUT_MS, Promise.resolve(getCredential()))
  } catch (error) {
    yield failed(step, firstLine(error), 'eventHubs.auth fails by itself: mend it first')
    return
  }
  if (typeof credential !== 'object' || credential === null) {
    yield failed(step, 'eventHubs.auth gives none', 'getCredential() must resolve to a credential')
  } else if ('connectionString' in credential) yield examineConnectionString(String(credential.connectionString))
  else if ('getToken' in credential && typeof credential.getToken === 'function') {
    try {
      const token = await within(TIMEOUT_MS, Promise.resolve(credential.getToken(SCOPE)))
      yield examineToken((token as { token: string }).token)
    } catch (error) {
      yield failed(
        step,
        firstLine(error),
        'No token: a managed identity must be assigned to this machine (--managed-identity-client-id for a user-assigned one); elsewhere az login, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
      )
    }
  } else yield ok(step, 'a shared access key or signature')
}

/** A bearer token's own words; its signature is the service's to check. */
function examineToken(token: string): Finding {
  const step = 'token'
  let claims: { exp?: number; aud?: string; appid?: string; oid?: string; upn?: string; xms_mirid?: string }
  try {
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    return skipped(step, 'one that tells nothing: the service must say')
  }
  const whose = claims.xms_mirid ?? claims.upn ?? claims.appid ?? claims.oid ?? 'someone'
  const until = claims.exp === undefined ? 'without end' : `until ${new Date(claims.exp * 1000).toISOString()}`
  if (claims.exp !== undefined && claims.exp * 1000 < Date.now()) {
    return failed(
      step,
      `of ${whose}, ended ${until.slice(6)}`,
      'Have the provider fetch a new one each time it is asked',
    )
  }
  if (
    claims.aud !== undefined &&
    !/eventhubs\.azure|servicebus\.(windows|chinacloudapi|usgovcloudapi)/i.test(String(claims.aud))
  ) {
    return warning(step, `of ${whose}, for ${claims.aud}`, `Ask for the scope ${SCOPE}`)
  }
  return ok(step, `of ${whose}, ${until}`)
}

const firstLine = (error: unknown) => (error as Error).message.split('\n')[0] ?? ''

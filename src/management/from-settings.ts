import type { ConnectionOptions } from 'node:tls'
import { isTokenCredential } from '@azure/core-auth'
import { CredentialSource } from '../auth/credential-source.js'
import { adminSettings, type KafkaSettings, type ResolvedNamespace } from '../config/config.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { parseAddress } from '../eventhubs/connection/endpoint.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { Logger, ManagementOptions } from '../types/index.js'
import { isLoopback } from '../util/loopback.js'
import type { Management } from './management.js'
import type { RequestDeadline } from './retry-policy.js'

export interface ManagementFromSettingsOptions {
  readonly namespace: ResolvedNamespace
  readonly auth: AuthProvider
  readonly settings: KafkaSettings
  readonly logger: Logger
  readonly timedOut: RequestDeadline['timedOut']
}

/** Ports of AMQP, on which no HTTPS is spoken. */
const AMQP_TLS_PORT = 5671
const EMULATOR_PORT = 5672

/**
 * The management API that `eventHubs.management` asks for: the namespace's own by default, Azure Resource Manager with a
 * subscription; undefined when it is switched off.
 *
 * @throws KafkaJSNonRetriableError when Resource Manager lacks a setting, a token credential or its package.
 */
export async function createManagement(options: ManagementFromSettingsOptions): Promise<Management | undefined> {
  const management = options.settings.eventHubs.management ?? {}
  if (management === false) return undefined
  const kind = management.kind ?? (management.subscriptionId === undefined ? 'namespace' : 'arm')
  return kind === 'arm' ? await createResourceManager(options, management) : await createNamespaceManager(options)
}

// Loaded when they are needed: most clients manage nothing.
async function createNamespaceManager(options: ManagementFromSettingsOptions): Promise<Management> {
  const { namespace, auth, settings } = options
  const [{ createNamespaceHttp }, { createNamespaceManagement }] = await Promise.all([
    import('./namespace-http.js'),
    import('./namespace-management.js'),
  ])
  const { fullyQualifiedNamespace } = namespace
  const { retry } = adminSettings(undefined, settings)
  const http = createNamespaceHttp({
    fullyQualifiedNamespace,
    endpoint: httpEndpoint(namespace, settings),
    credentials: credentialsOf(options, auth),
    retry,
    deadline: deadlineOf(options),
    proxy: settings.eventHubs.proxy,
    tls: tlsOptions(settings),
  })
  return createNamespaceManagement(http)
}

async function createResourceManager(
  options: ManagementFromSettingsOptions,
  management: ManagementOptions,
): Promise<Management> {
  const { namespace, auth, settings } = options
  const { subscriptionId, resourceGroupName, endpoint } = management
  if (!subscriptionId || !resourceGroupName) {
    throw new KafkaJSNonRetriableError(
      `eventHubs.management lacks ${subscriptionId ? 'resourceGroupName' : 'subscriptionId'}: Azure Resource Manager needs both, as { subscriptionId, resourceGroupName }`,
    )
  }
  const [{ openArmClient, needsToken }, { createArmManagement }] = await Promise.all([
    import('./arm-client.js'),
    import('./arm-management.js'),
  ])
  const { credential: own } = management
  const credentials = credentialsOf(options, own ? { getCredential: () => own } : auth)
  // Known before anything is asked for.
  if (!own && !isTokenCredential((await credentials.current()).credential)) throw needsToken()
  const client = await openArmClient({
    subscriptionId,
    credentials,
    endpoint,
    retry: adminSettings(undefined, settings).retry,
    deadline: deadlineOf(options),
    // Certificates of one's own are for a cloud of one's own: Azure's are everywhere trusted.
    tls: endpoint === undefined ? undefined : tlsOptions(settings),
    proxy: settings.eventHubs.proxy,
  })
  return createArmManagement({
    client,
    resourceGroupName,
    namespaceName: namespace.fullyQualifiedNamespace.split('.')[0] ?? '',
  })
}

function credentialsOf(
  { namespace, settings, logger }: ManagementFromSettingsOptions,
  provider: AuthProvider,
): CredentialSource {
  return new CredentialSource({
    provider,
    fullyQualifiedNamespace: namespace.fullyQualifiedNamespace,
    reauthenticationThreshold: settings.reauthenticationThreshold,
    timeout: settings.connectionTimeout,
    retry: adminSettings(undefined, settings).retry,
    logger,
    // Each request is signed anew.
    onReplaced: () => undefined,
  })
}

function deadlineOf({ settings, timedOut }: ManagementFromSettingsOptions): RequestDeadline {
  const { requestTimeout, enforceRequestTimeout } = settings
  return { requestTimeout: enforceRequestTimeout ? requestTimeout : undefined, timedOut }
}

function tlsOptions({ ssl }: KafkaSettings): ConnectionOptions | undefined {
  return typeof ssl === 'object' ? ssl : undefined
}

/** An emulator serves HTTP on its one port, a namespace HTTPS on 443. */
function httpEndpoint(namespace: ResolvedNamespace, { eventHubs }: KafkaSettings): string {
  const custom = eventHubs.customEndpointAddress ? parseAddress(eventHubs.customEndpointAddress) : undefined
  const host = custom?.host ?? namespace.fullyQualifiedNamespace
  const port = custom?.port ?? (isLoopback(host) || namespace.isEmulator ? namespace.port : undefined)
  const authority = host.includes(':') ? `[${host}]` : host
  if (namespace.isEmulator) return `http://${authority}:${port ?? EMULATOR_PORT}`
  return `https://${authority}${port === undefined || port === AMQP_TLS_PORT ? '' : `:${port}`}`
}

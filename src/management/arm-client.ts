import type { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { bearerTokenAuthenticationPolicyName, type TlsSettings } from '@azure/core-rest-pipeline'
import type { CredentialSource } from '../auth/credential-source.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { RetrySettings } from '../retry/retry.js'
import { answerLimitPolicy } from './answer-limit.js'
import type { ArmEventHub } from './arm-event-hub.js'
import { authenticationPolicy } from './authentication-policy.js'
import { viaProxy } from './http-proxy.js'
import { busyRetryPolicy, deadlinePolicy, expiredRetryPolicy, type RequestDeadline } from './retry-policy.js'

/** The subset of `EventHubManagementClient` this library needs; versions 5 and 6 of `@azure/arm-eventhub` have it. */
export interface ArmClient {
  readonly eventHubs: {
    createOrUpdate(group: string, namespace: string, name: string, parameters: ArmEventHub): Promise<ArmEventHub>
    get(group: string, namespace: string, name: string): Promise<ArmEventHub>
    delete(group: string, namespace: string, name: string): Promise<unknown>
    listByNamespace(group: string, namespace: string): AsyncIterable<ArmEventHub>
  }
  readonly consumerGroups: {
    createOrUpdate(
      group: string,
      namespace: string,
      name: string,
      consumerGroup: string,
      parameters: object,
    ): Promise<unknown>
    listByEventHub(group: string, namespace: string, name: string): AsyncIterable<{ name?: string }>
  }
}

export interface OpenArmClient {
  readonly client: ArmClient
  /** The number of retries before the client gives up. */
  readonly retries: number
  /**
   * True for a version that can say what became part of the API after 2024-01-01: timestamp types and compaction lags.
   */
  readonly hasTimestamps: boolean
  /** Asks for no more credentials. */
  close(): void
}

export interface ArmClientOptions {
  readonly subscriptionId: string
  readonly credentials: CredentialSource
  readonly endpoint: string | undefined
  readonly retry: RetrySettings
  readonly deadline: RequestDeadline
  /** Certificates to trust besides the system's. */
  readonly tls: ConnectionOptions | undefined
  /** URL of an HTTP proxy, or an agent. Default: what `HTTPS_PROXY` and `NO_PROXY` say. */
  readonly proxy: string | Agent | undefined
}

const AZURE = 'https://management.azure.com'

/** The credential that the client asks for; requests get theirs from `authenticationPolicy`. */
const neverAsked = { getToken: async () => null }

export const needsToken = (): Error =>
  new KafkaJSNonRetriableError(
    'eventHubs.management needs a credential: Azure Resource Manager does not take shared access keys. Set credential to e.g. new DefaultAzureCredential()',
  )

/** Bundlers take the package for optional because it is loaded inside a `try`. */
async function loadSdk(): Promise<typeof import('@azure/arm-eventhub')> {
  try {
    return await import('@azure/arm-eventhub')
  } catch (cause) {
    throw new KafkaJSNonRetriableError(
      'eventHubs.management with a subscriptionId needs the package @azure/arm-eventhub, which is not there: npm install @azure/arm-eventhub',
      { cause },
    )
  }
}

/** Loads the optional peer `@azure/arm-eventhub`, and opens its client. */
export async function openArmClient(options: ArmClientOptions): Promise<OpenArmClient> {
  const arm = await loadSdk()
  const { subscriptionId, credentials, endpoint, retry, deadline, tls, proxy } = options
  const client = new arm.EventHubManagementClient(neverAsked, subscriptionId, {
    ...(endpoint !== undefined && { endpoint }),
    ...(tls && { tlsOptions: tls as TlsSettings }),
    ...viaProxy(proxy),
    retryOptions: {
      maxRetries: retry.retries,
      retryDelayInMs: retry.initialRetryTime,
      maxRetryDelayInMs: retry.maxRetryTime,
    },
  })
  // The client's own keeps a token to its end, also one that is refused.
  client.pipeline.removePolicy({ name: bearerTokenAuthenticationPolicyName })
  const authentication = authenticationPolicy({
    credentials,
    scope: `${(endpoint ?? AZURE).replace(/\/$/, '')}/.default`,
    // Here rights that are lacking are a 403.
    isRefusal: (status) => status === 401,
    sign: async () => {
      throw needsToken()
    },
  })
  client.pipeline.addPolicy(authentication, { phase: 'Sign' })
  client.pipeline.addPolicy(busyRetryPolicy(retry), { phase: 'Retry' })
  client.pipeline.addPolicy(expiredRetryPolicy(retry), { phase: 'Retry' })
  client.pipeline.addPolicy(deadlinePolicy(deadline), { afterPhase: 'Retry' })
  client.pipeline.addPolicy(answerLimitPolicy(), { afterPhase: 'Sign', afterPolicies: ['deadlinePolicy'] })
  return {
    client: client as unknown as ArmClient,
    retries: retry.retries,
    hasTimestamps: 'KnownTimestampType' in arm,
    close: () => credentials.close(),
  }
}

import { Agent } from 'node:http'
import { Constants, createSasTokenProvider, parseConnectionString } from '@azure/core-amqp'
import { isNamedKeyCredential, isSASCredential, isTokenCredential } from '@azure/core-auth'
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type InternalPipelineOptions,
  type PipelinePolicy,
  type PipelineResponse,
  type ProxySettings,
  retryPolicy,
} from '@azure/core-rest-pipeline'
import type { AuthProvider, EventHubsCredential } from '../auth/provider.js'
import type { RetrySettings } from '../util/retry.js'

/** What the namespace's HTTPS API is reached with. */
export interface NamespaceHttpOptions {
  /** Host of the namespace, without port: what tokens are made for. */
  readonly fullyQualifiedNamespace: string
  /** Where to connect to, e.g. `https://my-namespace.servicebus.windows.net` or `http://localhost:5672`. */
  readonly endpoint: string
  readonly auth: AuthProvider
  readonly retry: RetrySettings
  /** For each attempt, ms. */
  readonly requestTimeout: number
  /** URL of an HTTP proxy, or an agent. Default: what `HTTPS_PROXY` and `NO_PROXY` say. */
  readonly proxy?: string | Agent | undefined
  /** Certificates of the user's `ssl` option. */
  readonly tls?: InternalPipelineOptions['tlsOptions'] | undefined
}

export interface NamespaceRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Path segments, not yet percent-encoded. */
  readonly path: readonly string[]
  readonly query?: Record<string, string | number>
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface NamespaceResponse {
  readonly status: number
  readonly body: string
}

export interface NamespaceHttp {
  /** Rejects with the pipeline's errors when there is no answer; answers of every status resolve. */
  send(request: NamespaceRequest): Promise<NamespaceResponse>
  /** How often a request is tried again before `send` gives up. */
  readonly retries: number
  /** Ends requests in progress. */
  close(): void
}

/** The version that pages lists; partition counts and retention read the same in all. */
const API_VERSION = '2017-04'

/** Seconds the service may take, as every example of its reference sends. */
const SERVICE_TIMEOUT_S = 60

const CONTENT_TYPE = 'application/atom+xml;type=entry;charset=utf-8'

/**
 * Makes requests to the namespace's HTTPS API: signed, and retried when the network fails, the service is busy (429, 503,
 * after its `Retry-After`), another operation on the same entity is in progress, or it fails inside (5xx).
 */
export async function createNamespaceHttp(options: NamespaceHttpOptions): Promise<NamespaceHttp> {
  const pipeline = createPipelineFromOptions({
    retryOptions: {
      maxRetries: options.retry.retries,
      retryDelayInMs: options.retry.initialRetryTime,
      maxRetryDelayInMs: options.retry.maxRetryTime,
    },
    userAgentOptions: { userAgentPrefix: 'kafkajs-eventhubs' },
    ...connection(options),
  })
  pipeline.addPolicy(conflictRetryPolicy(options.retry), { phase: 'Retry' })
  const credential = await options.auth.getCredential({ fullyQualifiedNamespace: options.fullyQualifiedNamespace })
  pipeline.addPolicy(authenticationPolicy(credential, options.fullyQualifiedNamespace), { phase: 'Sign' })
  const client = createDefaultHttpClient()
  const closing = new AbortController()

  return {
    retries: options.retry.retries,
    async send({ method, path, query, headers, body }) {
      const response = await pipeline.sendRequest(
        client,
        createPipelineRequest({
          method,
          url: requestUrl(options.endpoint, path, query),
          headers: createHttpHeaders({ 'Content-Type': CONTENT_TYPE, Accept: 'application/atom+xml', ...headers }),
          timeout: options.requestTimeout,
          abortSignal: closing.signal,
          allowInsecureConnection: options.endpoint.startsWith('http:'),
          ...(body !== undefined && { body }),
        }),
      )
      return toNamespaceResponse(response)
    },
    close() {
      closing.abort()
    },
  }
}

/** The dollar signs of `$Resources`, `$Default` and `$skip` stay readable, as in every example of the reference. */
function requestUrl(endpoint: string, path: readonly string[], query: NamespaceRequest['query']): string {
  const parameters = Object.entries({ ...query, timeout: SERVICE_TIMEOUT_S, 'api-version': API_VERSION })
  const search = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  const pathname = path.map((segment) => encodeURIComponent(segment).replaceAll('%24', '$')).join('/')
  return `${new URL(endpoint).origin}/${pathname}?${search}`
}

function connection({ endpoint, proxy, tls }: NamespaceHttpOptions): InternalPipelineOptions {
  // Plain HTTP is a development emulator on this machine: no proxy of the environment, and no connection kept open.
  if (endpoint.startsWith('http:')) return { agent: new Agent({ keepAlive: false }) }
  return {
    ...(tls && { tlsOptions: tls }),
    ...(typeof proxy === 'string' && { proxyOptions: toProxySettings(proxy) }),
    ...(typeof proxy === 'object' && { agent: proxy }),
  }
}

function toProxySettings(proxy: string): ProxySettings {
  const url = new URL(proxy)
  return {
    host: `${url.protocol}//${url.hostname}`,
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  }
}

/** 409 with sub-code 40901 is not "exists" but "another conflicting operation is in progress": it passes. */
export function isPassingConflict({ status, body }: NamespaceResponse): boolean {
  return status === 409 && /SubCode=40901\b|conflicting operation/i.test(body)
}

function conflictRetryPolicy({ retries, initialRetryTime, maxRetryTime }: RetrySettings): PipelinePolicy {
  return {
    ...retryPolicy(
      [
        {
          name: 'conflict',
          retry: ({ retryCount, response }) =>
            response && isPassingConflict(toNamespaceResponse(response))
              ? { retryAfterInMs: Math.min(initialRetryTime * 2 ** retryCount, maxRetryTime) }
              : { skipStrategy: true },
        },
      ],
      { maxRetries: retries },
    ),
    name: 'conflictRetryPolicy',
  }
}

function toNamespaceResponse(response: PipelineResponse): NamespaceResponse {
  return { status: response.status, body: response.bodyAsText ?? '' }
}

/** A bearer token where the credential makes them, else a shared access signature for the whole namespace. */
function authenticationPolicy(credential: EventHubsCredential, fullyQualifiedNamespace: string): PipelinePolicy {
  if (isTokenCredential(credential)) {
    return bearerTokenAuthenticationPolicy({ credential, scopes: Constants.aadEventHubsScope })
  }
  const provider = createSasTokenProvider(sasData(credential))
  return {
    name: 'sharedAccessSignaturePolicy',
    async sendRequest(request, next) {
      const { token } = await provider.getToken(`sb://${fullyQualifiedNamespace}/`)
      request.headers.set('Authorization', token)
      return next(request)
    },
  }
}

function sasData(credential: Exclude<EventHubsCredential, { getToken: unknown }>) {
  if (isNamedKeyCredential(credential) || isSASCredential(credential)) return credential
  const { SharedAccessKeyName, SharedAccessKey, SharedAccessSignature } = parseConnectionString<{
    SharedAccessKeyName?: string
    SharedAccessKey?: string
    SharedAccessSignature?: string
  }>(credential.connectionString)
  if (SharedAccessKeyName && SharedAccessKey) {
    return { sharedAccessKeyName: SharedAccessKeyName, sharedAccessKey: SharedAccessKey }
  }
  if (SharedAccessSignature) return { sharedAccessSignature: SharedAccessSignature }
  throw new TypeError(
    'The connection string has neither SharedAccessKeyName and SharedAccessKey nor SharedAccessSignature',
  )
}

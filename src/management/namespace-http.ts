import { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { Constants, createSasTokenProvider } from '@azure/core-amqp'
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type PipelineOptions,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import type { CredentialSource } from '../auth/credential-source.js'
import type { RetrySettings } from '../retry/retry.js'
import { answerLimitPolicy } from './answer-limit.js'
import { authenticationPolicy } from './authentication-policy.js'
import { isBadToken } from './errors.js'
import { viaProxy } from './http-proxy.js'
import { busyRetryPolicy, deadlinePolicy, expiredRetryPolicy, type RequestDeadline } from './retry-policy.js'

/** The options that the namespace's HTTPS API is reached with. */
export interface NamespaceHttpOptions {
  /** Host of the namespace, without port: what tokens are made for. */
  readonly fullyQualifiedNamespace: string
  /** The address to connect to, e.g. `https://my-namespace.servicebus.windows.net` or `http://localhost:5672`. */
  readonly endpoint: string
  readonly credentials: CredentialSource
  readonly retry: RetrySettings
  readonly deadline: RequestDeadline
  /** URL of an HTTP proxy, or an agent. Default: what `HTTPS_PROXY` and `NO_PROXY` say. */
  readonly proxy?: string | Agent | undefined
  /** Certificates of the user's `ssl` option. */
  readonly tls?: ConnectionOptions | undefined
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
  /** The number of retries of a request before `send` gives up. */
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
export function createNamespaceHttp(options: NamespaceHttpOptions): NamespaceHttp {
  const pipeline = createPipelineFromOptions({
    retryOptions: {
      maxRetries: options.retry.retries,
      retryDelayInMs: options.retry.initialRetryTime,
      maxRetryDelayInMs: options.retry.maxRetryTime,
    },
    userAgentOptions: { userAgentPrefix: 'kafkajs-eventhubs' },
    ...connection(options),
  })
  pipeline.addPolicy(busyRetryPolicy(options.retry), { phase: 'Retry' })
  pipeline.addPolicy(expiredRetryPolicy(options.retry), { phase: 'Retry' })
  pipeline.addPolicy(deadlinePolicy(options.deadline), { afterPhase: 'Retry' })
  pipeline.addPolicy(answerLimitPolicy(), { afterPhase: 'Sign', afterPolicies: ['deadlinePolicy'] })
  const authentication = authenticationPolicy({
    credentials: options.credentials,
    scope: Constants.aadEventHubsScope,
    isRefusal: isBadToken,
    async sign(credential, request) {
      // The scheme is not compared; this one is what the SDKs sign for Service Bus's twin of this API.
      const { token } = await createSasTokenProvider(credential).getToken(`sb://${options.fullyQualifiedNamespace}/`)
      request.headers.set('Authorization', token)
    },
  })
  pipeline.addPolicy(authentication, { phase: 'Sign' })
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
          abortSignal: closing.signal,
          allowInsecureConnection: options.endpoint.startsWith('http:'),
          // Not the pipeline's `tlsOptions`, which proxies and agents pass over.
          ...(options.tls && { requestOverrides: { ...options.tls } }),
          ...(body !== undefined && { body }),
        }),
      )
      return toNamespaceResponse(response)
    },
    close() {
      closing.abort()
      options.credentials.close()
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

function connection({ endpoint, proxy }: NamespaceHttpOptions): PipelineOptions {
  // Plain HTTP is a development emulator on this machine: no proxy of the environment, and no connection kept open.
  return endpoint.startsWith('http:') ? { agent: new Agent({ keepAlive: false }) } : viaProxy(proxy)
}

function toNamespaceResponse(response: PipelineResponse): NamespaceResponse {
  return { status: response.status, body: response.bodyAsText ?? '' }
}

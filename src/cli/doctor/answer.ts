import { type Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { TLSSocket } from 'node:tls'
import { type Finding, failed, ok, skipped, warning } from './finding.js'
import type { Target } from './target.js'

/** Most that one question to the network may take, ms. */
export const TIMEOUT_MS = 5000

/** Shared access tokens and JWTs bear times; services forgive about five minutes. */
const MOST_SKEW_MS = 5 * 60_000
const MOST_HARMLESS_SKEW_MS = 30_000

/** The answer of the service to a request over HTTP; what it asks for does not matter. */
export interface Answer {
  /** The time the service told, and the time here halfway through the request, in ms since 1970. */
  readonly date: number | undefined
  readonly middle: number
  /** The finding about TLS, when there was any. */
  readonly tls: Finding | undefined
  /** The failure to get an answer. */
  readonly error: unknown
}

/** Asks the service over HTTP: directly, or by an agent, such as one that goes through a proxy. */
export function askService(target: Target, { port, agent }: { port: number; agent?: Agent }): Promise<Answer> {
  const get = target.isSecure ? httpsGet : httpGet
  const begin = performance.now()
  return new Promise((resolve) => {
    const settle = ({ response, error }: { response?: IncomingMessage; error?: unknown }) => {
      const date = Date.parse(response?.headers.date ?? '')
      const socket = response?.socket
      resolve({
        date: Number.isNaN(date) ? undefined : date,
        middle: Date.now() - (performance.now() - begin) / 2,
        tls: socket instanceof TLSSocket ? tlsFinding(`TLS on ${target.port ?? port}`, socket) : undefined,
        error,
      })
      response?.destroy()
    }
    const options = { host: target.host, port: target.port ?? port, path: '/', agent: agent ?? false }
    // Whether the certificate is trusted is a finding.
    const request = get({ ...target.tlsOptions, ...options, rejectUnauthorized: false }, (response) =>
      settle({ response }),
    )
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
    request.on('error', (error) => settle({ error }))
  })
}

/** The finding about the clock of this machine. */
export function clockFinding({ date, middle, error }: Answer): Finding {
  const step = 'clock'
  if (date === undefined) {
    return skipped(step, `the service did not tell its time: ${error ? messageOf(error) : 'it sends no Date header'}`)
  }
  // The header tells whole seconds.
  const skew = middle - date
  const amount = `${Math.abs(Math.round(skew / 1000))} s ${skew > 0 ? 'ahead of' : 'behind'} the service`
  const remedy = 'Set the clock (NTP): tokens that begin in the future or have ended are refused'
  if (Math.abs(skew) > MOST_SKEW_MS) return failed(step, amount, remedy)
  if (Math.abs(skew) > MOST_HARMLESS_SKEW_MS) return warning(step, amount, remedy)
  return ok(step, 'agrees with the service')
}

/** The finding about a connection over TLS, which was opened whether the certificate is trusted or not. */
export function tlsFinding(step: string, socket: TLSSocket): Finding {
  const { issuer } = socket.getPeerCertificate()
  const name = [issuer?.O ?? issuer?.CN].flat().join(', ') || 'nobody'
  if (socket.authorized) return ok(step, `${socket.getProtocol()}, certificate by ${name}`)
  return failed(
    step,
    `the certificate, by ${name}, is not trusted: ${socket.authorizationError}`,
    'A proxy that looks into TLS, or a self-signed certificate: name its authority in NODE_EXTRA_CA_CERTS=<file.pem>',
  )
}

export const messageOf = (error: unknown): string =>
  (error as Error).message || String((error as { code?: string }).code)

import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** A request that is not served, and why. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The guard of the console: it lets in the browser that was given its address, from the console's own pages. */
export interface Guard {
  /** Part of the address that is printed; a browser gets a cookie for it. */
  readonly token: string
  readonly cookie: string
  /** Every request that changes something has it, as a header that no form can send. */
  readonly csrfToken: string
  /** Throws a `Refusal`. */
  check(request: IncomingMessage): void
  /** True for the token of the printed address. */
  isToken(token: string | null): boolean
}

/** True for a request that changes something, or may. */
const isUnsafe = (method: string | undefined) => method !== 'GET' && method !== 'HEAD'

/** `hosts`: the names under which the console is reached, with its port. */
export function createGuard(hosts: readonly string[]): Guard {
  const [token, csrfToken] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')]
  // Cookies know no ports: two consoles on one machine need two names.
  const name = `kafkajs-eventhubs-console-${hosts[0]?.split(':').at(-1)}`
  return {
    token,
    csrfToken,
    cookie: `${name}=${token}; HttpOnly; SameSite=Strict; Path=/`,
    isToken: (given) => given !== null && isSame(given, token),
    check(request) {
      checkHost(request, hosts)
      checkOrigin(request, hosts)
      if (!isSame(cookieOf(request, name) ?? '', token)) {
        throw new Refusal(401, 'Open the address that the command printed: it has the token')
      }
      if (!isUnsafe(request.method)) return
      if (!isSame(String(request.headers['x-csrf-token'] ?? ''), csrfToken)) {
        throw new Refusal(403, 'The request does not come from the page')
      }
      if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
        throw new Refusal(415, 'The request must be JSON')
      }
    },
  }
}

/** A name that another site has pointed at this machine (DNS rebinding) is not one of ours. */
export function checkHost({ headers }: IncomingMessage, hosts: readonly string[]): void {
  if (!hosts.includes((headers.host ?? '').toLowerCase())) throw new Refusal(421, 'This console has another address')
}

/** Browsers say where a request comes from; another page has no business here, not even to read. */
function checkOrigin({ headers }: IncomingMessage, hosts: readonly string[]): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new Refusal(403, 'The request comes from another site')
  }
  const { origin } = headers
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) {
    throw new Refusal(403, 'The request comes from another origin')
  }
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=')
    if (key === name) return value
  }
  return undefined
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Connection } from '../clients.js'
import { createApi, type RequestLimits } from './api.js'
import { Cluster } from './cluster.js'
import { createEmulatorFaults } from './emulator-faults.js'
import { checkHost, createGuard, type Guard, Refusal } from './guard.js'
import { LagHistory } from './lag-history.js'
import { resolveVendorFile } from './vendor.js'

export interface ConsoleOptions {
  readonly connection: Connection
  /** The name the page has for the namespace. */
  readonly namespace: string
  readonly version: string
  /** 0: a free one. */
  readonly port: number
  readonly isReadOnly: boolean
  /** True for an emulator that was started for this console. */
  readonly isOwnEmulator?: boolean
  /** The folder with the page's files. */
  readonly pageFolder: string
  /** The time between two samples of the lag of a group that is looked at. */
  readonly sampleEveryMs?: number
  readonly limits?: Partial<RequestLimits> | undefined
}

/** A console that is being served. */
export interface Console {
  /** The address, with the token that a browser needs. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Serves the console on this machine's own interface: nobody else can reach it. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const cluster = new Cluster(options.connection)
  const lags = new LagHistory((groupId) => cluster.describeGroup(groupId), options.sampleEveryMs ?? 5000)
  const faults = await createEmulatorFaults(options.connection)
  const closing = new AbortController()
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const hosts = [`localhost:${port}`, `127.0.0.1:${port}`]
  const guard = createGuard(hosts)
  const { namespace, version, isReadOnly, isOwnEmulator = false, limits } = options
  const { signal } = closing
  const api = createApi({ cluster, lags, guard, namespace, version, isReadOnly, faults, isOwnEmulator, limits, signal })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setHeaders(response)
    try {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://console')
      if (pathname === '/' && searchParams.has('token')) {
        checkHost(request, hosts)
        signIn(guard, searchParams.get('token'), response)
      } else if (pathname.startsWith('/api/')) {
        const result = await api(request, response)
        if (!response.headersSent) sendJson(response, 200, result)
      } else {
        guard.check(request)
        await servePage(options.pageFolder, pathname, response)
      }
    } catch (error) {
      fail(error as Error, response)
    }
  }

  const close = async () => {
    closing.abort()
    lags.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await cluster.close()
  }
  return { url: `http://localhost:${port}/?token=${guard.token}`, port, close, [Symbol.asyncDispose]: close }
}

/** The token leaves the address bar, and with it the browser's history, for a cookie that scripts can't read. */
function signIn(guard: Guard, token: string | null, response: ServerResponse): void {
  if (!guard.isToken(token)) throw new Refusal(401, 'The token is not that of this console')
  response.writeHead(303, { location: '/', 'set-cookie': guard.cookie }).end()
}

function setHeaders(response: ServerResponse): void {
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('x-frame-options', 'DENY')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  response.setHeader('cache-control', 'no-store')
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
}

async function servePage(folder: string, pathname: string, response: ServerResponse): Promise<void> {
  const name = pathname === '/' ? '/index.html' : pathname
  const match = /^\/(vendor\/)?([a-z-]+\.(html|js|css))$/.exec(name)
  const [, vendor, base = '', extension = ''] = match ?? []
  let file = join(folder, vendor ?? '', base)
  if (vendor && !existsSync(file)) file = resolveVendorFile(base, join(folder, 'index.html')) ?? file
  if (!match || !existsSync(file)) throw new Refusal(404, 'There is no such page')
  let content = await readFile(file, 'utf8')
  if (extension === 'html') {
    // The import map is the one script in the page itself.
    const nonce = randomBytes(16).toString('base64')
    content = content.replaceAll('{{nonce}}', nonce)
    response.setHeader('content-security-policy', contentSecurityPolicy(nonce))
  }
  response.writeHead(200, { 'content-type': TYPES[extension] }).end(content)
}

const contentSecurityPolicy = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

function fail(error: Error, response: ServerResponse): void {
  if (response.headersSent) return void response.end()
  const status = error instanceof Refusal ? error.status : 502
  sendJson(response, status, { error: error.message })
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value ?? null))
}

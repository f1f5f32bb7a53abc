import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Azurite } from './azurite.js'

export interface StorageFault {
  /** Which requests; `url` is path and query. */
  matches(request: { method: string; url: string }): boolean
  readonly status: number
  /** As in `x-ms-error-code`. */
  readonly code: string
  /** How often; then requests pass. */
  times: number
}

/** A storage account that refuses what the tests say, and lets the rest through to Azurite. */
export interface FaultyStorage extends AsyncDisposable {
  readonly connectionString: string
  /** The string form of a checkpoint store. */
  containerUrl(container: string): string
  /** Method and path of each request so far. */
  readonly requests: string[]
  fail(fault: StorageFault): void
}

export async function startFaultyStorage(azurite: Azurite): Promise<FaultyStorage> {
  const target = new URL(azurite.accountUrl)
  const faults: StorageFault[] = []
  const requests: string[] = []

  const server = createServer((incoming: IncomingMessage, outgoing) => {
    const { method = '', url = '' } = incoming
    requests.push(`${method} ${url}`)
    const fault = faults.find((one) => one.times > 0 && one.matches({ method, url }))
    if (fault) {
      fault.times--
      incoming.resume()
      const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${fault.code}</Code><Message>As the test wants.</Message></Error>`
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml', 'x-ms-error-code': fault.code }).end(body)
      return
    }
    const { hostname, port } = target
    const passed = forward({ hostname, port, method, path: url, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    connectionString: azurite.connectionString.replace(target.host, `127.0.0.1:${port}`),
    containerUrl: (container) => azurite.containerUrl(container).replace(target.host, `127.0.0.1:${port}`),
    requests,
    fail: (fault) => void faults.push(fault),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

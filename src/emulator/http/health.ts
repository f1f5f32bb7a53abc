import type { IncomingMessage, ServerResponse } from 'node:http'

/** `GET /health`, as Microsoft's emulator answers it. Microsoft: "What's new in the Event Hubs emulator", 2.1.0. */
export function answerHealth(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const body = JSON.stringify({ status: 'healthy', message: 'Service is healthy.' })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

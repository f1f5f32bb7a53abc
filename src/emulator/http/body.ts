import type { IncomingMessage } from 'node:http'
import { HttpError } from './refusals.js'

const MAX_BODY_BYTES = 1_048_576

/** The body of a request as text. Rejects with an `HttpError` when it is too large. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // Read to its end all the same, so that the answer gets through; the time for a request is limited.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES) throw new HttpError(413, 'The request is too large.')
  return Buffer.concat(chunks).toString('utf8')
}

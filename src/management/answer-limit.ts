import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline'
import { KafkaJSNonRetriableError } from '../errors/index.js'

/** The largest answer that is read, bytes: a page of 100 event hubs takes a hundredth of it. */
export const MOST_ANSWER_BYTES: number = 16 * 1024 * 1024

/** Reads answers up to a limit. What answers in place of the service may go on for ever. */
export function answerLimitPolicy(limit = MOST_ANSWER_BYTES): PipelinePolicy {
  return {
    name: 'answerLimitPolicy',
    async sendRequest(request, next) {
      const { streamResponseStatusCodes } = request
      request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY])
      try {
        return await readAnswer(await next(request), limit)
      } finally {
        if (streamResponseStatusCodes) request.streamResponseStatusCodes = streamResponseStatusCodes
        else delete request.streamResponseStatusCodes
      }
    },
  }
}

async function readAnswer(response: PipelineResponse, limit: number): Promise<PipelineResponse> {
  const stream = response.readableStreamBody
  if (!stream) return response
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    // Leaving the loop ends the stream, and with it the connection.
    if (length > limit) throw new KafkaJSNonRetriableError(`The answer is longer than ${limit} bytes: it is not read`)
    chunks.push(chunk)
  }
  const { readableStreamBody: _, ...rest } = response
  return { ...rest, bodyAsText: Buffer.concat(chunks).toString() }
}

import { Readable } from 'node:stream'
import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline'
import { expect, it } from 'vitest'
import { answerLimitPolicy, MOST_ANSWER_BYTES } from '../../../src/management/answer-limit.js'

/** An answer of so many bytes, in pieces. */
function answering(bytes: number, limit?: number): Promise<PipelineResponse> {
  const request = createPipelineRequest({ url: 'https://ns.servicebus.windows.net/' })
  const piece = Buffer.alloc(65_536, 'x')
  const pieces = function* () {
    for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left)
  }
  return answerLimitPolicy(limit).sendRequest(request, async () => ({
    request,
    status: 200,
    headers: createHttpHeaders(),
    readableStreamBody: Readable.from(pieces()),
  }))
}

it('reads an answer as long as its limit, and none longer by a byte', async () => {
  expect((await answering(100_000, 100_000)).bodyAsText).toHaveLength(100_000)
  await expect(answering(100_001, 100_000)).rejects.toThrow('longer than 100000 bytes')
})

it('has a limit of sixteen megabytes', async () => {
  expect(MOST_ANSWER_BYTES).toBe(16 * 1024 * 1024)
  expect((await answering(MOST_ANSWER_BYTES)).bodyAsText).toHaveLength(MOST_ANSWER_BYTES)
  await expect(answering(MOST_ANSWER_BYTES + 1)).rejects.toThrow(`longer than ${MOST_ANSWER_BYTES} bytes`)
})

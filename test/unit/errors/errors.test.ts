import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as errors from '../../../src/errors/index.js'
import { createProtocolError, protocolErrorRow } from '../../../src/errors/protocol-errors.js'
import { kafkajs } from '../../parity/kafkajs.js'

type ErrorClass = new (...args: unknown[]) => Error & Record<string, unknown>

const ours = errors as unknown as Record<string, ErrorClass>
const theirs = kafkajs as unknown as Record<string, ErrorClass>
const names = Object.keys(theirs).filter((name) => /^KafkaJS/.test(name))

const protocolError = { message: 'too large', type: 'MESSAGE_TOO_LARGE', code: 10, retriable: false }
const origin = Object.assign(new Error('boom'), { helpUrl: 'https://example.org/help' })
const partitions = [
  { partition: 0, offset: '1', error: { retriable: true } },
  { partition: 1, offset: '1', error: { retriable: false } },
]

/** Arguments each constructor is tried with: its own, and a plain text. */
const argumentsOf: Record<string, unknown[][]> = {
  KafkaJSError: [['text'], [origin, { retriable: false, cause: origin }]],
  KafkaJSNonRetriableError: [['text'], [origin, { cause: origin }]],
  KafkaJSProtocolError: [['text'], [protocolError], [protocolError, { retriable: true }]],
  KafkaJSOffsetOutOfRange: [[protocolError, { topic: 't', partition: 1 }]],
  KafkaJSMemberIdRequired: [[protocolError, { memberId: 'm' }]],
  KafkaJSNumberOfRetriesExceeded: [[origin, { retryCount: 5, retryTime: 300 }]],
  KafkaJSConnectionError: [['text'], ['text', { broker: 'h:1', code: 'ECONNREFUSED' }]],
  KafkaJSConnectionClosedError: [['text', { host: 'h', port: 1 }]],
  KafkaJSRequestTimeoutError: [
    ['text', { broker: 'h:1', clientId: 'c', correlationId: 1, createdAt: 2, sentAt: 3, pendingDuration: 4 }],
  ],
  KafkaJSTopicMetadataNotLoaded: [['text', { topic: 't' }]],
  KafkaJSStaleTopicMetadataAssignment: [['text', { topic: 't', unknownPartitions: [] }]],
  KafkaJSDeleteGroupsError: [['text'], ['text', [{ groupId: 'g', errorCode: 68 }]]],
  KafkaJSServerDoesNotSupportApiKey: [['text', { apiKey: 1, apiName: 'Fetch' }]],
  KafkaJSDeleteTopicRecordsError: [[{ topic: 't', partitions }], [{ partitions: [] }]],
  KafkaJSCreateTopicError: [[protocolError, 't']],
  KafkaJSAlterPartitionReassignmentsError: [[protocolError, 't', 1]],
  KafkaJSAggregateError: [['several', [origin, 'text']]],
  KafkaJSNoBrokerAvailableError: [[]],
}

/** Everything about an error but where it was made. */
const faceOf = (error: Error) => ({
  own: Object.getOwnPropertyNames(error).filter((name) => name !== 'stack'),
  enumerable: Object.keys(error),
  json: JSON.stringify(error),
  values: Object.fromEntries(
    Object.getOwnPropertyNames(error).flatMap((name) => {
      const value = (error as unknown as Record<string, unknown>)[name]
      return name === 'stack' || name === 'helpUrl' ? [] : [[name, value]]
    }),
  ),
  text: String(error),
})

describe('the error family', () => {
  it('is complete', () => {
    expect(names).toHaveLength(31)
    expect(names.filter((name) => typeof ours[name] !== 'function')).toEqual([])
  })

  it.each(names)('%s looks like the one of kafkajs', (name) => {
    for (const args of argumentsOf[name] ?? [['text'], [origin]]) {
      const [mine, original] = [new ours[name]!(...args), new theirs[name]!(...args)]
      const [mineFace, originalFace] = [faceOf(mine), faceOf(original)]
      expect(new Set(mineFace.own)).toEqual(new Set(originalFace.own))
      expect(new Set(mineFace.enumerable)).toEqual(new Set(originalFace.enumerable))
      expect(mineFace.values).toEqual(originalFace.values)
      expect(mineFace.text).toBe(originalFace.text)
    }
  })

  it.each(names)('%s has the ancestors it has in kafkajs', (name) => {
    const args = (argumentsOf[name] ?? [['text']])[0]!
    const [mine, original] = [new ours[name]!(...args), new theirs[name]!(...args)]
    for (const ancestor of names)
      expect([ancestor, mine instanceof ours[ancestor]!]).toEqual([ancestor, original instanceof theirs[ancestor]!])
    expect(mine).toBeInstanceOf(Error)
  })

  it('takes as few arguments as the types of kafkajs allow', () => {
    for (const name of ['KafkaJSBrokerNotFound', 'KafkaJSNotImplemented', 'KafkaJSTimeout', 'KafkaJSMetadataNotLoaded'])
      expect(new ours[name]!().message).toBe('')
  })

  it('keeps the stack of the last failure when retries are exhausted', () => {
    const exceeded = new errors.KafkaJSNumberOfRetriesExceeded(origin, { retryCount: 1, retryTime: 2 })
    expect(exceeded.stack).toBe(`KafkaJSNonRetriableError\n  Caused by: ${origin.stack}`)
    expect(exceeded.cause).toBe(origin)
  })

  it('never holds a secret in a message', () => {
    const text = 'refused Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0;EntityPath=p'
    for (const make of [() => new errors.KafkaJSError(text), () => new errors.KafkaJSNotImplemented(new Error(text))]) {
      expect(make().message).not.toContain('c2VjcmV0')
      expect(make().stack).not.toContain('c2VjcmV0')
    }
    const cause = new Error(text)
    expect(new errors.KafkaJSError('wrapped', { cause }).cause).toBe(cause)
    expect(`${cause.message} ${cause.stack}`).not.toContain('c2VjcmV0')
  })

  it('lets users extend it', () => {
    class MyError extends errors.KafkaJSNonRetriableError {}
    expect(new MyError('mine')).toBeInstanceOf(MyError)
    expect(new MyError('mine')).toBeInstanceOf(errors.KafkaJSError)
    expect(new errors.KafkaJSNonRetriableError('other')).not.toBeInstanceOf(MyError)
    for (const value of [undefined, null, 'KafkaJSError', 1, {}, new Error('KafkaJSError')])
      expect(value).not.toBeInstanceOf(errors.KafkaJSError)
  })

  it('recognizes its own', () => {
    expect(errors.isKafkaJSError(new errors.KafkaJSTimeout('late'))).toBe(true)
    expect(errors.isKafkaJSError(new errors.KafkaJSAggregateError('several', []))).toBe(false)
    expect(errors.isKafkaJSError(undefined)).toBe(false)
    expect(errors.isRebalancing({ type: 'ILLEGAL_GENERATION' })).toBe(true)
    expect(errors.isRebalancing(new Error('no'))).toBe(false)
  })
})

describe('the protocol errors', () => {
  const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error.js') as {
    errorCodes: { type: string; code: number; retriable: boolean; message: string; helpUrl?: string }[]
  }

  it.each(errorCodes.map((row) => [row.type, row] as const))(
    '%s has its code and text, which programs match',
    (type, { code, retriable, message, helpUrl }) => {
      expect(createProtocolError(type)).toMatchObject({ name: 'KafkaJSProtocolError', type, code, retriable, message })
      expect(createProtocolError(type, { message: 'and what to do' }).message).toBe(`${message}: and what to do`)
      expect(createProtocolError(code)).toMatchObject({ type, code, retriable })
      expect(createProtocolError(type).helpUrl).toBe(helpUrl)
    },
  )

  it('says so when Kafka has no such code', () => {
    expect(createProtocolError(4711)).toMatchObject({ type: 'KAFKAJS_UNKNOWN_ERROR_CODE', code: -99, retriable: false })
    expect(protocolErrorRow('NO_SUCH_TYPE').code).toBe(-99)
  })

  it('can be told more precisely', () => {
    const error = createProtocolError('MESSAGE_TOO_LARGE', {
      message: 'too large for t',
      retriable: true,
      cause: origin,
    })
    const message = `${protocolErrorRow('MESSAGE_TOO_LARGE').message}: too large for t`
    expect(error).toMatchObject({ message, code: 10, retriable: true, cause: origin })
  })
})

/** A program may load the ESM and the CJS copy: the classes differ, and `instanceof` must not. */
describe('two copies in one process', () => {
  let directory: string
  let cjs: typeof errors

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kafkajs-eventhubs-'))
    await Promise.all(['util', 'errors'].map((folder) => mkdir(join(directory, folder))))
    const parts = await readdir(new URL('../../../src/errors/', import.meta.url))
    const files = ['util/redact', ...parts.map((part) => `errors/${part.replace('.ts', '')}`)]
    for (const file of files) {
      const source = await readFile(new URL(`../../../src/${file}.ts`, import.meta.url), 'utf8')
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      })
      await writeFile(join(directory, `${file}.js`), outputText)
    }
    cjs = createRequire(import.meta.url)(join(directory, 'errors/index.js'))
  })

  afterAll(() => rm(directory, { recursive: true }))

  it('are two, and one family', () => {
    expect(cjs.KafkaJSError).not.toBe(errors.KafkaJSError)
    const foreign = new cjs.KafkaJSOffsetOutOfRange(protocolError, { topic: 't', partition: 0 })
    expect(foreign).toBeInstanceOf(errors.KafkaJSOffsetOutOfRange)
    expect(foreign).toBeInstanceOf(errors.KafkaJSProtocolError)
    expect(foreign).toBeInstanceOf(errors.KafkaJSError)
    expect(foreign).not.toBeInstanceOf(errors.KafkaJSNonRetriableError)
    expect(errors.isKafkaJSError(foreign)).toBe(true)
    const own = new errors.KafkaJSLockTimeout('late')
    expect(own).toBeInstanceOf(cjs.KafkaJSTimeout)
    expect(own).toBeInstanceOf(cjs.KafkaJSNonRetriableError)
    expect(own).not.toBeInstanceOf(cjs.KafkaJSProtocolError)
  })

  it('hold for every class, in both directions', () => {
    for (const name of names) {
      const args = (argumentsOf[name] ?? [['text']])[0]!
      const copy = cjs as unknown as Record<string, ErrorClass>
      expect(new copy[name]!(...args)).toBeInstanceOf(ours[name]!)
      expect(new ours[name]!(...args)).toBeInstanceOf(copy[name]!)
    }
  })

  it('hold for copies of the module too', async () => {
    vi.resetModules()
    const again = await import('../../../src/errors/index.js')
    expect(again.KafkaJSError).not.toBe(errors.KafkaJSError)
    expect(new again.KafkaJSTimeout('late')).toBeInstanceOf(errors.KafkaJSTimeout)
  })
})

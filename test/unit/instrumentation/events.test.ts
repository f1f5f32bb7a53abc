import { createRequire } from 'node:module'
import { describe, expect, it, vi } from 'vitest'
import { KafkaJSNonRetriableError, KafkaJSRequestTimeoutError } from '../../../src/errors/index.js'
import { createProtocolError } from '../../../src/errors/protocol-errors.js'
import {
  adminEvents,
  apis,
  consumerEvents,
  createInstrumentation,
  createRequests,
  producerEvents,
} from '../../../src/instrumentation/events.js'
import type { InstrumentationEvent, Logger } from '../../../src/types/index.js'
import { kafkajs } from '../../parity/kafkajs.js'
import { eventually } from '../../support/eventually.js'

const silent = (): Logger => ({
  info: vi.fn(),
  error: vi.fn(),
  warn: vi.fn(),
  debug: vi.fn(),
  namespace: silent,
  setLogLevel: vi.fn(),
})

const client = () => {
  const logger = silent()
  return { logger, instrumentation: createInstrumentation({ client: 'consumer', events: consumerEvents, logger }) }
}

describe('the events', () => {
  const kafka = new kafkajs.Kafka({ brokers: [], logLevel: kafkajs.logLevel.NOTHING })

  it('are those of kafkajs, in its order', () => {
    expect(Object.entries(consumerEvents)).toEqual(Object.entries(kafka.consumer({ groupId: 'g' }).events))
    expect(Object.entries(producerEvents)).toEqual(Object.entries(kafka.producer().events))
    expect(Object.entries(adminEvents)).toEqual(Object.entries(kafka.admin().events))
  })

  it('refuse unknown names in the words of kafkajs', () => {
    const messageOf = (run: () => unknown) => {
      try {
        run()
      } catch (error) {
        return error as Error
      }
      throw new Error('Nothing was thrown')
    }
    const { instrumentation } = client()
    const error = messageOf(() => instrumentation.on('consumer.nonsense' as never, () => {}))
    expect(error).toBeInstanceOf(KafkaJSNonRetriableError)
    const original = messageOf(() => kafka.consumer({ groupId: 'g' }).on('consumer.nonsense' as never, () => {}))
    expect(error.message).toBe(original.message)
  })

  it('refuse names inherited from objects', () => {
    expect(() => client().instrumentation.on('toString' as never, () => {})).toThrow(KafkaJSNonRetriableError)
  })
})

describe('createInstrumentation', () => {
  it('tells listeners in order, synchronously, of one event object', () => {
    const { instrumentation } = client()
    const heard: [string, InstrumentationEvent<unknown>][] = []
    instrumentation.on('consumer.stop', (event) => heard.push(['first', event]))
    instrumentation.on('consumer.stop', (event) => heard.push(['second', event]))
    instrumentation.emit('STOP')
    instrumentation.emit('HEARTBEAT', { groupId: 'g' })
    expect(heard.map(([who]) => who)).toEqual(['first', 'second'])
    expect(heard[0]![1]).toBe(heard[1]![1])
    expect(heard[0]![1]).toEqual({
      id: expect.any(Number),
      type: 'consumer.stop',
      timestamp: expect.any(Number),
      payload: undefined,
    })
  })

  it('numbers the events of the process, counting only those that someone hears', () => {
    const [one, two] = [client().instrumentation, client().instrumentation]
    const ids: unknown[] = []
    one.on('consumer.stop', ({ id }) => ids.push(id))
    two.on('consumer.stop', ({ id }) => ids.push(id))
    one.emit('STOP')
    one.emit('CONNECT')
    two.emit('STOP')
    expect(ids[1]).toBe((ids[0] as number) + 1)
  })

  it('makes a payload only when someone listens', () => {
    const { instrumentation } = client()
    const payload = vi.fn(() => ({ groupId: 'g' }))
    instrumentation.emit('HEARTBEAT', payload)
    expect(payload).not.toHaveBeenCalled()
    expect(instrumentation.has('HEARTBEAT')).toBe(false)
    const listener = vi.fn()
    instrumentation.on('consumer.heartbeat', listener)
    expect(instrumentation.has('HEARTBEAT')).toBe(true)
    instrumentation.emit('HEARTBEAT', payload)
    expect(listener.mock.calls[0]![0].payload).toEqual({ groupId: 'g' })
  })

  it('forgets a listener once, however often its remover is called', () => {
    const { instrumentation } = client()
    const listener = vi.fn()
    const remove = instrumentation.on('consumer.stop', listener)
    instrumentation.on('consumer.stop', listener)
    instrumentation.emit('STOP')
    expect(listener).toHaveBeenCalledTimes(2)
    remove()
    remove()
    instrumentation.emit('STOP')
    expect(listener).toHaveBeenCalledTimes(3)
  })

  it('lets listeners add and remove listeners', () => {
    const { instrumentation } = client()
    const late = vi.fn()
    const remove = instrumentation.on('consumer.stop', () => {
      remove()
      instrumentation.on('consumer.stop', late)
    })
    instrumentation.emit('STOP')
    expect(late).not.toHaveBeenCalled()
    instrumentation.emit('STOP')
    expect(late).toHaveBeenCalledTimes(1)
  })

  it('survives listeners that throw or reject, and logs them', async () => {
    const { instrumentation, logger } = client()
    const other = vi.fn()
    instrumentation.on('consumer.stop', () => {
      throw new Error('thrown')
    })
    instrumentation.on('consumer.stop', (async () => {
      throw new Error('rejected')
    }) as () => void)
    instrumentation.on('consumer.stop', other)
    instrumentation.emit('STOP')
    expect(other).toHaveBeenCalledTimes(1)
    await eventually(() => expect(logger.error).toHaveBeenCalledTimes(2))
    const said = vi.mocked(logger.error).mock.calls.map(([message]) => message)
    expect(said).toEqual(['Failed to execute listener: thrown', 'Failed to execute listener: rejected'])
  })
})

describe('createRequests', () => {
  const setUp = (options: { requestTimeout?: number; enforceRequestTimeout?: boolean } = {}) => {
    const { instrumentation } = client()
    const heard: { type: string; payload: Record<string, unknown> }[] = []
    for (const key of ['REQUEST', 'REQUEST_TIMEOUT', 'REQUEST_QUEUE_SIZE'] as const)
      instrumentation.on(consumerEvents[key], ({ payload }) => heard.push({ type: key, payload }))
    const requests = createRequests({
      instrumentation,
      clientId: 'me',
      requestTimeout: 30_000,
      enforceRequestTimeout: true,
      ...options,
    })
    return {
      heard,
      requests,
      of: (type: string) => heard.filter((event) => event.type === type).map(({ payload }) => payload),
    }
  }

  it('names requests as kafkajs does', () => {
    const keys = createRequire(import.meta.url)('kafkajs/src/protocol/requests/apiKeys.js') as Record<string, number>
    for (const [name, [apiKey]] of Object.entries(apis)) expect(keys[name]).toBe(apiKey)
  })

  it('tells of each request', async () => {
    const { requests, of } = setUp()
    await expect(requests.run('Produce', 'h:5671', async () => 'ok', { size: () => 42 })).resolves.toBe('ok')
    await requests.run('Fetch', 'h:5671', async () => 'ok')
    expect(of('REQUEST')).toEqual([
      {
        broker: 'h:5671',
        clientId: 'me',
        correlationId: 0,
        size: 42,
        createdAt: expect.any(Number),
        sentAt: expect.any(Number),
        pendingDuration: 0,
        duration: expect.any(Number),
        apiName: 'Produce',
        apiKey: 0,
        apiVersion: 7,
      },
      expect.objectContaining({ apiName: 'Fetch', apiKey: 1, correlationId: 1, size: 0 }),
    ])
    expect(of('REQUEST_QUEUE_SIZE').map(({ queueSize }) => queueSize)).toEqual([1, 0, 1, 0])
    expect(of('REQUEST_QUEUE_SIZE')[0]).toEqual({ broker: 'h:5671', clientId: 'me', queueSize: 1 })
  })

  it('tells of a refusal, which is an answer, and not of a lost connection', async () => {
    const { requests, of } = setUp()
    const refusal = createProtocolError('INVALID_REQUEST', { message: 'no' })
    await expect(requests.run('Metadata', 'h', () => Promise.reject(refusal))).rejects.toBe(refusal)
    const lost = new Error('lost')
    await expect(requests.run('Metadata', 'h', () => Promise.reject(lost))).rejects.toBe(lost)
    expect(of('REQUEST')).toHaveLength(1)
    expect(of('REQUEST_QUEUE_SIZE').at(-1)).toMatchObject({ queueSize: 0 })
  })

  it('ends a request that takes too long', async () => {
    const { requests, of } = setUp({ requestTimeout: 5 })
    let signal: AbortSignal | undefined
    const result = requests.run('OffsetCommit', 'h:5671', (given) => {
      signal = given
      return new Promise((_, reject) => given.addEventListener('abort', () => reject(new Error('aborted'))))
    })
    const error = await result.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(KafkaJSRequestTimeoutError)
    expect(error).toMatchObject({
      message: 'Request OffsetCommit(key: 8, version: 5) timed out',
      broker: 'h:5671',
      correlationId: 0,
      retriable: true,
    })
    expect(signal?.aborted).toBe(true)
    expect(of('REQUEST')).toEqual([])
    expect(of('REQUEST_TIMEOUT')).toEqual([
      {
        broker: 'h:5671',
        clientId: 'me',
        correlationId: 0,
        createdAt: expect.any(Number),
        sentAt: expect.any(Number),
        pendingDuration: 0,
        apiName: 'OffsetCommit',
        apiKey: 8,
        apiVersion: 5,
      },
    ])
  })

  it('gives a request the longer of its own time and requestTimeout', async () => {
    const { requests } = setUp({ requestTimeout: 1 })
    const later = () => new Promise((resolve) => setTimeout(resolve, 20, 'ok'))
    await expect(requests.run('Fetch', 'h', later, { timeout: 10_000 })).resolves.toBe('ok')
  })

  it('keeps no time when told not to', async () => {
    const { requests } = setUp({ requestTimeout: 1, enforceRequestTimeout: false })
    const later = () => new Promise((resolve) => setTimeout(resolve, 20, 'ok'))
    await expect(requests.run('Fetch', 'h', later)).resolves.toBe('ok')
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { logLevel } from '../../../src/types/enums.js'
import type { LogEntry, Logger } from '../../../src/types/index.js'
import { kafkajs } from '../../parity/kafkajs.js'
import { eventually } from '../../support/eventually.js'

const spy = (level?: logLevel) => {
  const entries: LogEntry[] = []
  const logCreator = vi.fn(() => (entry: LogEntry) => void entries.push(entry))
  return { entries, logCreator, logger: createLogger({ ...(level !== undefined && { level }), logCreator }) }
}

beforeEach(() => vi.stubEnv('KAFKAJS_LOG_LEVEL', undefined))
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('createLogger', () => {
  it('has the members of kafkajs, in their order', () => {
    const original = new kafkajs.Kafka({ brokers: [] }).logger()
    expect(Object.keys(createLogger())).toEqual(Object.keys(original))
  })

  it('hands entries to what logCreator made, as kafkajs does', () => {
    const { entries, logCreator, logger } = spy()
    logger.info('hello', { a: 1 })
    logger.namespace('Consumer').error('bad')
    expect(logCreator.mock.calls).toEqual([[logLevel.INFO]])
    expect(entries).toEqual([
      {
        namespace: undefined,
        level: 4,
        label: 'INFO',
        log: { timestamp: expect.any(String), logger: 'kafkajs', message: 'hello', a: 1 },
      },
      {
        namespace: 'Consumer',
        level: 1,
        label: 'ERROR',
        log: { timestamp: expect.any(String), logger: 'kafkajs', message: 'bad' },
      },
    ])
    expect(new Date(entries[0]!.log.timestamp).toISOString()).toBe(entries[0]!.log.timestamp)
    expect('namespace' in entries[0]!).toBe(true)
  })

  it('lets extra fields replace the message', () => {
    const { entries, logger } = spy()
    logger.info('hello', { message: 'other' })
    expect(entries[0]!.log.message).toBe('other')
  })

  it.each([
    [logLevel.NOTHING, []],
    [logLevel.ERROR, ['ERROR']],
    [logLevel.WARN, ['ERROR', 'WARN']],
    [logLevel.INFO, ['ERROR', 'WARN', 'INFO']],
    [logLevel.DEBUG, ['ERROR', 'WARN', 'INFO', 'DEBUG']],
  ])('at level %i lets through %j', (level, labels) => {
    const { entries, logger } = spy(level)
    for (const name of ['error', 'warn', 'info', 'debug'] as const) logger[name]('x')
    expect(entries.map(({ label }) => label)).toEqual(labels)
  })

  it('does not nest namespaces', () => {
    const { entries, logger } = spy()
    logger.namespace('A').namespace('B').info('x')
    expect(entries[0]!.namespace).toBe('B')
  })

  it('shares one level among its loggers, but for those with their own', () => {
    const { entries, logger } = spy(logLevel.ERROR)
    const [shared, pinned] = [logger.namespace('shared'), logger.namespace('pinned', logLevel.DEBUG)]
    const said = () => entries.splice(0).map(({ namespace }) => namespace)
    const all = () => {
      for (const each of [logger, shared, pinned]) each.info('x')
      return said()
    }
    expect(all()).toEqual(['pinned'])
    shared.setLogLevel(logLevel.INFO)
    expect(all()).toEqual([undefined, 'shared', 'pinned'])
    pinned.setLogLevel(logLevel.NOTHING)
    expect(all()).toEqual(['pinned'])
  })

  it('follows KAFKAJS_LOG_LEVEL, which pins every namespace', () => {
    vi.stubEnv('KAFKAJS_LOG_LEVEL', 'error')
    const { entries, logCreator, logger } = spy(logLevel.DEBUG)
    expect(logCreator.mock.calls).toEqual([[logLevel.ERROR]])
    const named = logger.namespace('named')
    logger.setLogLevel(logLevel.DEBUG)
    logger.info('root follows')
    named.info('named does not')
    expect(entries.map(({ log }) => log.message)).toEqual(['root follows'])
  })

  it.each(['loud', '', 'toString'])('ignores KAFKAJS_LOG_LEVEL=%s', (value) => {
    vi.stubEnv('KAFKAJS_LOG_LEVEL', value)
    expect(spy(logLevel.WARN).logCreator.mock.calls).toEqual([[logLevel.WARN]])
  })

  it('writes to the console what kafkajs writes', () => {
    const written: unknown[][] = []
    for (const method of ['info', 'error', 'warn', 'log'] as const)
      vi.spyOn(console, method).mockImplementation((line: string) => {
        written.push([method, line.replace(/"timestamp":"[^"]+"/, '"timestamp":"T"')])
      })
    const say = (logger: Logger) => {
      const consumer = logger.namespace('Consumer')
      consumer.info('hi', { x: 1 })
      consumer.error('bad', { stack: 's' })
      logger.warn('careful')
      logger.debug('detail', { level: 'other' })
      return written.splice(0)
    }
    const original = say(new kafkajs.Kafka({ brokers: [], logLevel: kafkajs.logLevel.DEBUG }).logger())
    expect(original).toHaveLength(4)
    expect(say(createLogger({ level: logLevel.DEBUG }))).toEqual(original)
  })

  it('hands the console what the function of the program fails to take, and the reason once', async () => {
    const lines: string[] = []
    for (const method of ['info', 'error', 'warn', 'log'] as const)
      vi.spyOn(console, method).mockImplementation((line: string) => {
        lines.push(`${method} ${(JSON.parse(line) as { message: string }).message}`)
      })
    const failing: Record<string, (entry: LogEntry) => unknown> = {
      throws() {
        throw new Error('no disk')
      },
      rejects: async () => {
        throw new Error('no disk')
      },
    }
    for (const write of Object.values(failing)) {
      const logger = createLogger({ logCreator: () => write as (entry: LogEntry) => void })
      logger.namespace('Consumer').warn('careful')
      logger.info('hello')
      await eventually(() => expect(lines).toHaveLength(3))
      expect(lines.splice(0)).toEqual([
        'error The function that logCreator made failed, and the console takes its entries: no disk',
        'warn [Consumer] careful',
        'info hello',
      ])
    }
    const logger = createLogger({ logCreator: (() => undefined) as never })
    logger.info('no function was made')
    expect(lines[1]).toBe('info no function was made')
  })

  it('lets no secret through, and leaves what it was given alone', () => {
    const { entries, logger } = spy(logLevel.DEBUG)
    const secret = 'c2VjcmV0'
    const extra = {
      config: { sasl: { password: secret } },
      url: `https://a/c?sig=${secret}`,
      error: new Error(`SharedAccessKey=${secret}`),
    }
    logger.namespace('Producer').debug(`using SharedAccessKey=${secret}`, extra)
    const { error, ...log } = entries[0]!.log
    expect(JSON.stringify(log) + error.stack).not.toContain(secret)
    expect(extra.config.sasl.password).toBe(secret)
  })
})

import { expect, it } from 'vitest'
import { KafkaJSError } from '../../../src/errors/index.js'
import { toError } from '../../../src/errors/thrown.js'

const hostile = {
  get message(): string {
    throw new Error('no')
  },
}

it('returns an error as it is', () => {
  const error = Object.freeze(new TypeError('mine'))
  expect(toError(error)).toBe(error)
})

it.each([
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [0, '0'],
  [Symbol('s'), 'Symbol(s)'],
  [{ message: 'of no class' }, 'of no class'],
  [{ a: 1 }, '{ a: 1 }'],
  [Object.create(null), '[Object: null prototype] {}'],
  [hostile, '{ message: [Getter] }'],
])('tells what else was thrown: %#', (thrown, message) => {
  const error = toError(thrown)
  expect(error).toBeInstanceOf(KafkaJSError)
  expect(error).toMatchObject({ message, retriable: true })
})

it('tells of what cannot even be asked what it is', () => {
  const thrown = new Proxy(new Error('x'), {
    getPrototypeOf() {
      throw new Error('no')
    },
  })
  expect(toError(thrown)).toMatchObject({ name: 'KafkaJSError', message: 'x' })
})

it('tells of an error whose getters throw', () => {
  const error = Object.defineProperty(new Error('x'), 'retriable', {
    get() {
      throw new Error('no')
    },
  })
  expect(toError(error)).toMatchObject({ name: 'KafkaJSError', message: 'x' })
})

it('leaves no rejection of a promise that was thrown unhandled', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  const thrown = Promise.reject(new Error('lost'))
  expect(toError(thrown).message).toContain('Promise')
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

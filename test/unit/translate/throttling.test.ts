import { expect, it } from 'vitest'
import { toKafkaJSError } from '../../../src/translate/error.js'
import { isThrottled } from '../../../src/translate/throttling.js'

const foreign = (fields: object) => Object.assign(new Error('The request was terminated'), fields)

it.each([{ code: 'ServerBusyError' }, { condition: 'com.microsoft:server-busy' }, { statusCode: 429 }])(
  'knows %j again in the error made of it',
  (fields) => {
    expect(isThrottled(toKafkaJSError(foreign(fields), { operation: 'send' }))).toBe(true)
  },
)

it('takes no other error for one', () => {
  expect(isThrottled(toKafkaJSError(foreign({ code: 'OperationTimeoutError' }), { operation: 'send' }))).toBe(false)
  const circle: { cause?: unknown } = {}
  circle.cause = circle
  for (const other of [undefined, null, 'busy', circle, new Error('busy')]) expect(isThrottled(other)).toBe(false)
})

/** What somebody else's code may throw, each with what it is called. */
export function createHostileValues(): [name: string, value: unknown][] {
  const circular: Error & { self?: unknown } = new Error('circular')
  circular.self = circular
  const rejected = Promise.reject(new Error('a promise'))
  rejected.catch(() => undefined)
  return [
    ['a text', 'text'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 0],
    ['a symbol', Symbol('thrown')],
    ['an object', { a: 1 }],
    ['an object without prototype', Object.create(null)],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['a circular error', circular],
    ['an error without a name', Object.assign(new Error('x'), { name: undefined })],
    ['a rejected promise', rejected],
    [
      'an object whose message throws',
      {
        get message(): string {
          throw new Error('no message')
        },
      },
    ],
    [
      'an error whose name throws',
      Object.defineProperty(new Error('x'), 'name', {
        get() {
          throw new Error('no name')
        },
      }),
    ],
    [
      'a proxy that refuses',
      new Proxy(new Error('x'), {
        has() {
          throw new Error('no')
        },
        getPrototypeOf() {
          throw new Error('no')
        },
      }),
    ],
  ]
}

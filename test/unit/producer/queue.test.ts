import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue } from '../../../src/producer/queue.js'

describe('a queue', () => {
  it('gives out what it was given, first in, first out, and first what is put back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('push', 'shift', 'unshift'), { maxLength: 500 }), (steps) => {
        const queue = new Queue<number>()
        const model: number[] = []
        steps.forEach((step, n) => {
          if (step === 'push') {
            queue.push(n)
            model.push(n)
          } else if (step === 'unshift') {
            queue.unshift(n)
            model.unshift(n)
          } else expect(queue.shift()).toBe(model.shift())
          expect(queue.size).toBe(model.length)
          expect(queue.first).toBe(model[0])
        })
      }),
    )
  })

  it('lets go of what has left, and stays in order over many', () => {
    const queue = new Queue<number>()
    let next = 0
    for (let n = 0; n < 50_000; n++) {
      queue.push(n)
      if (n % 3 > 0) expect(queue.shift()).toBe(next++)
    }
    while (queue.size > 0) expect(queue.shift()).toBe(next++)
    expect(next).toBe(50_000)
    expect(queue.shift()).toBeUndefined()
  })
})

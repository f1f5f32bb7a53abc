import { expect, it } from 'vitest'
import type { Run } from '../../../src/consumer/run/run.js'
import { type ConsumerState, createConsumerState } from '../../../src/consumer/state.js'

const run = {} as Run
const states: Record<ConsumerState['name'], ConsumerState> = {
  idle: { name: 'idle' },
  starting: { name: 'starting', run },
  running: { name: 'running', run },
  stopping: { name: 'stopping', run },
  restarting: { name: 'restarting', timer: setTimeout(() => {}, 0) },
  crashed: { name: 'crashed' },
}
const pathTo: Record<ConsumerState['name'], ConsumerState['name'][]> = {
  idle: [],
  starting: ['starting'],
  running: ['starting', 'running'],
  stopping: ['starting', 'stopping'],
  restarting: ['starting', 'stopping', 'idle', 'restarting'],
  crashed: ['starting', 'stopping', 'idle', 'crashed'],
}
const legal = new Set([
  'idle → starting',
  'idle → restarting',
  'idle → crashed',
  'starting → running',
  'starting → stopping',
  'running → stopping',
  'stopping → idle',
  'restarting → starting',
  'restarting → idle',
  'crashed → starting',
  'crashed → idle',
])
const names = Object.keys(states) as ConsumerState['name'][]

it.each(names.flatMap((from) => names.map((to) => `${from} → ${to}`)))('%s', (change) => {
  const [from, to] = change.split(' → ') as [ConsumerState['name'], ConsumerState['name']]
  const state = createConsumerState()
  for (const name of pathTo[from]) state.to(states[name])
  if (legal.has(change)) {
    state.to(states[to])
    expect(state.current.name).toBe(to)
  } else {
    expect(() => state.to(states[to])).toThrow(`from ${from} to ${to}`)
    expect(state.current.name).toBe(from)
  }
})

it('has a run that calls can go to while starting and running only', () => {
  for (const name of names) {
    const state = createConsumerState()
    for (const step of pathTo[name]) state.to(states[step])
    expect(state.run).toBe(name === 'starting' || name === 'running' ? run : undefined)
  }
})

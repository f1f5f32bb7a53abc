/** Runs combinations of troubles under seeds, several at once, and has to end by itself when it is done. */
import { report } from '../support/program.js'
import { combinations, type RunResult, run } from './idempotent-run.js'

export type IdempotentLine = ({ type: 'run' } & RunResult) | { type: 'done' }

const { seeds, every = 1 } = JSON.parse(process.env['RUN'] ?? '{}') as { seeds: number[]; every?: number }
const todo = seeds.flatMap((seed) =>
  combinations.filter((_, index) => index % every === seed % every).map((combination) => ({ combination, seed })),
)
const worker = async () => {
  for (let next = todo.shift(); next; next = todo.shift()) {
    report({ type: 'run', ...(await run(next.combination, next.seed)) })
  }
}
await Promise.all(Array.from({ length: 6 }, worker))
report({ type: 'done' })

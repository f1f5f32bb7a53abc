import { expect } from 'vitest'
import { runCommand } from './cli.js'

interface Report {
  steps: { step: string; status: string; detail: string; remedy?: string }[]
  works: string[]
  fails: string[]
  write: string[]
}

/** Runs `doctor`, and gives every step by its name. */
export async function doctor(args: string[], env: Record<string, string> = {}) {
  const { code, output, errors } = await runCommand(['doctor', '--json', ...args], { env })
  expect(errors).toBe('')
  const report = JSON.parse(output) as Report
  const status = Object.fromEntries(report.steps.map(({ step, status }) => [step, status]))
  return { code, output, report, status, of: (name: string) => report.steps.find(({ step }) => step === name) }
}

import type { Figures, Situation } from './situations.js'
import type { Timings } from './stage.js'

/** What was measured of a situation, round by round. */
export interface Row {
  readonly situation: Situation
  readonly figures: readonly Figures[]
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const seconds = (ms: number) => (ms < 995 ? `${Math.round(ms / 10) * 10} ms` : `${(ms / 1000).toFixed(1)} s`)

/** A table in Markdown: a row a situation, with medians, in ms and as multiples of the setting that counts. */
export function toRecoveryTable(rows: readonly Row[], timings: Timings): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['what happens', 'measured', 'as it depends on', 'median']),
    line(['---', '---', '---', '---']),
    ...rows.map(({ situation, figures }) =>
      line([situation.name, situation.until, situation.bound, cell(situation, figures, timings)]),
    ),
  ].join('\n')
}

function cell({ bound }: Situation, figures: readonly Figures[], timings: Timings): string {
  if (figures.length === 0) return 'not recovered'
  const recovery = median(figures.map((one) => one.recovery))
  const setting = (['sessionTimeout', 'heartbeatInterval'] as const).find((name) => bound.includes(name))
  const multiple = setting ? `, ${(recovery / timings[setting]).toFixed(1)} × \`${setting}\`` : ''
  const more = Object.keys(figures[0]?.more ?? {}).map((what) => {
    const value = median(figures.map((one) => one.more?.[what] ?? Number.NaN))
    return what.startsWith('ms ') ? `; ${what.slice(3)}: ${seconds(value)}` : `; ${what}: ${value}`
  })
  return `${seconds(recovery)}${multiple}${more.join('')}`
}

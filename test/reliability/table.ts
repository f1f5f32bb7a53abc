import type { MatrixActivity } from './activities.js'
import type { MatrixFault } from './faults.js'

/** The tables of docs/reliability.md that programs write. */
type TableName = 'matrix' | 'recovery'

const marksOf = (name: TableName): [begin: string, end: string] => [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]

/** A table in Markdown: a row a fault, a column an activity, in each cell how long after the fault its next step succeeded. */
export function toTable(
  faults: readonly MatrixFault[],
  activities: readonly MatrixActivity[],
  /** ms, by `fault|activity`. */
  recoveries: ReadonlyMap<string, number>,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['fault', ...activities.map(({ name }) => name)]),
    line(['---', ...activities.map(() => '---')]),
    ...faults.map((fault) =>
      line([fault.name, ...activities.map(({ name }) => cell(recoveries.get(`${fault.name}|${name}`)))]),
    ),
    line(['promised', ...activities.map(({ promise }) => promise)]),
  ].join('\n')
}

const cell = (ms: number | undefined) =>
  ms === undefined
    ? 'not recovered'
    : `kept, ${ms < 1000 ? `${Math.ceil(ms / 50) * 50} ms` : `${(ms / 1000).toFixed(1)} s`}`

export function withTable(page: string, table: string, name: TableName = 'matrix'): string {
  const [before, after] = marksOf(name)
  const [begin, end] = [page.indexOf(before), page.indexOf(after)]
  if (begin < 0 || end < begin) throw new Error(`The page lacks ${before} … ${after}`)
  return `${page.slice(0, begin + before.length)}\n${table}\n${page.slice(end)}`
}

export function tableIn(page: string, name: TableName = 'matrix'): string {
  const [before, after] = marksOf(name)
  return page.slice(page.indexOf(before) + before.length, page.indexOf(after)).trim()
}

/** The table without its figures, which differ from run to run. */
export const outcomesOf = (page: string): string => tableIn(page).replace(/kept, [\d.]+ m?s/g, 'kept')

const { stdout } = process

/** A name in a colour of its own, on a terminal. */
export function colour(name: string): string {
  const code = name.endsWith('A') ? 36 : 33
  return stdout.isTTY && !process.env['NO_COLOR'] ? `\u001b[${code}m${name}\u001b[0m` : name
}

/** A bar that fills on a terminal; in a file or a pipe, one line when it is full. */
export function progressBar(label: string, total: number): (done: number) => void {
  const width = 40
  return (done) => {
    if (stdout.isTTY) {
      const filled = Math.round((done / total) * width)
      stdout.write(`\r${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total}`)
    }
    if (done === total) stdout.write(stdout.isTTY ? '\n' : `${label} ${done}/${total}\n`)
  }
}

/** Columns as wide as they need to be, numbers to the right. */
export function table(head: string[], rows: (string | number)[][]): string {
  const lines = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}`)
    .join('\n')
}

/** One bar a row, the longest 50 characters. */
export function chart(counts: Map<string, number>): string {
  const most = Math.max(...counts.values())
  return [...counts]
    .map(([label, count]) => `  ${label.padStart(6)} ${'▇'.repeat(Math.ceil((count / most) * 50))} ${count}`)
    .join('\n')
}

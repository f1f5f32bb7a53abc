/**
 * The order of the folders of `src`, held: a file imports from its own folder and from folders further down this list,
 * types included. Prints how many imports run up and how many circles of files there are, and fails unless both are none.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'

/** Top to bottom, with the question that each folder answers. */
const layers: readonly (readonly [folder: string, question: string])[] = [
  ['(root)', 'what a program imports, and the command line'],
  ['admin', 'topics, offsets and groups on request'],
  ['producer', 'how messages get to their partitions, in order'],
  ['consumer', 'how events get to the handler, and offsets back'],
  ['client', 'what producer, consumer and admin share'],
  ['group', 'who reads which partition'],
  ['management', 'how event hubs are made, changed and listed'],
  ['offsets', 'what is committed, and where a partition begins and ends'],
  ['checkpoint', 'where offsets, members and leases are stored'],
  ['eventhubs', 'the subset of Event Hubs that is used, over AMQP'],
  ['auth', 'where credentials come from'],
  ['translate', "how Kafka's words become Event Hubs' and back"],
  ['instrumentation', 'what a client tells of itself: events, requests, log'],
  ['config', 'what was configured, with its defaults'],
  ['retry', 'when something is tried again'],
  ['errors', "kafkajs's family of errors"],
  ['types', 'what a user meets'],
  ['util', 'nothing of this field'],
]
/** Folders that stand beside the order, and all that they may import besides themselves. */
const islands: Readonly<Record<string, readonly string[]>> = {
  emulator: ['util'],
  cli: ['(root)', 'emulator', 'util'],
}
/** Who may import an island: the command line only. */
const guests = new Set(['(root)', 'cli'])

const root = join(import.meta.dirname, '..')
const files = (readdirSync(join(root, 'src'), { recursive: true }) as string[])
  .filter((name) => /\.[cm]?ts$/.test(name))
  .map((name) => join('src', name))
  .sort()
const known = new Set(files)
const floor = new Map(layers.map(([folder], index) => [folder, index]))
const folderOf = (file: string) => {
  const parts = file.split('/')
  return parts.length > 2 ? (parts[1] as string) : '(root)'
}

/** The files of `src` that a file imports, types and `import()` included, each with its line. */
function importsOf(file: string): { target: string; line: number }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: { target: string; line: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && node.text.startsWith('.')) {
      const { parent } = node
      const isImport =
        ts.isImportDeclaration(parent) ||
        ts.isExportDeclaration(parent) ||
        ts.isExternalModuleReference(parent) ||
        (ts.isCallExpression(parent) &&
          (parent.expression.kind === ts.SyntaxKind.ImportKeyword || parent.expression.getText() === 'require')) ||
        (ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent))
      const target = join(dirname(file), node.text).replace(/\.(c|m)?js$/, '.$1ts')
      if (isImport && known.has(target))
        found.push({ target, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const graph = new Map(files.map((file) => [file, importsOf(file)]))
const complaints: string[] = []

function complaint(file: string, target: string): string | undefined {
  const [from, to] = [folderOf(file), folderOf(target)]
  if (from === to) return undefined
  const allowed = islands[from]
  if (allowed)
    return allowed.includes(to) ? undefined : `src/${from}/ stands alone: it may import ${allowed.join(', ')} only`
  if (to in islands) return guests.has(from) ? undefined : `nothing but the command line imports src/${to}/`
  const [above, below] = [floor.get(from), floor.get(to)]
  if (above === undefined || below === undefined)
    return `src/${above === undefined ? from : to}/ has no place in the order of folders: give it one in scripts/layers.ts`
  if (above < below) return undefined
  return `imports run down only: a file that needs ${to}/ belongs in ${to}/ (${layers[below]?.[1]}) or above it, or what it needs belongs in ${from}/ or below`
}

for (const [file, imports] of graph)
  for (const { target, line } of imports) {
    const reason = complaint(file, target)
    if (reason) complaints.push(`${file}:${line} imports ${relative('src', target)}: ${reason}.`)
  }

/** Circles of files: the strongly connected components of more than one file (Tarjan). */
function circles(): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (file: string): void => {
    index.set(file, index.size)
    low.set(file, index.get(file) as number)
    stack.push(file)
    for (const { target } of graph.get(file) ?? []) {
      if (!index.has(target)) visit(target)
      if (stack.includes(target)) low.set(file, Math.min(low.get(file) as number, low.get(target) as number))
    }
    if (low.get(file) !== index.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) found.push(circle)
  }
  for (const file of files) if (!index.has(file)) visit(file)
  return found
}

const up = complaints.length
for (const circle of circles())
  complaints.push(
    `A circle of files, each of which needs the next: ${circle.join(', ')}. Move what they share below them.`,
  )
console.log(`layers: ${files.length} files, imports up = ${up}, circles = ${complaints.length - up}`)
if (complaints.length > 0) {
  console.error(complaints.join('\n'))
  process.exitCode = 1
}

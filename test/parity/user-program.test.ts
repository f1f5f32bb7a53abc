import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const program = pathOf('./user-program.ts')

/** What the compiler says of the program when `kafkajs` is what `paths` says, with the options users have. */
function complaints(paths: Record<string, string[]>, source?: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    esModuleInterop: true,
    skipLibCheck: true,
    noImplicitOverride: true,
    noUncheckedIndexedAccess: true,
    types: ['node'],
    paths,
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    name === program && source !== undefined
      ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true)
      : read(name, ...rest)
  const compilation = ts.createProgram([program], options, host)
  const file = compilation.getSourceFile(program)
  const found = [...compilation.getSyntacticDiagnostics(file), ...compilation.getSemanticDiagnostics(file)]
  return found.map(({ messageText, start = 0 }) => {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

const ours = { kafkajs: [pathOf('../../src/index.ts')] }

describe('a broad user program', () => {
  const source = readFileSync(program, 'utf8')

  it('is broad', () => {
    expect(source.split('\n').length).toBeGreaterThan(400)
    expect(source).not.toContain('eventHubs')
  })

  it('compiles against kafkajs', () => {
    expect(complaints({})).toEqual([])
  })

  it('compiles against this package in its place', () => {
    expect(complaints(ours)).toEqual([])
  })

  it('would not compile with mistakes that kafkajs catches', () => {
    const mistakes: [string, string][] = [
      ["groupId: 'billing',\n  partitionAssigners", 'partitionAssigners'],
      ["offset: '0' })\n    const", 'offset: 0 })\n    const'],
      ['timestamp: Date.now().toString(),', 'timestamp: Date.now(),'],
      ['acks: -1,\n', "acks: '-1',\n"],
      ['this.#producer.on(DISCONNECT,', "this.#producer.on('producer.nonsense',"],
    ]
    for (const [right, wrong] of mistakes) {
      expect(source).toContain(right)
      const broken = source.replace(right, wrong)
      expect(complaints({}, broken), wrong).not.toEqual([])
      expect(complaints(ours, broken), wrong).not.toEqual([])
    }
  })
})

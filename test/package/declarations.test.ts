import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { assertBuilt, repository } from './repository.js'

/** The declarations that a program gets with an entry point, by following their imports. */
function declarationsOf(entry: string, found = new Map<string, ts.SourceFile>()): Map<string, ts.SourceFile> {
  if (found.has(entry)) return found
  const text = readFileSync(entry, 'utf8')
  found.set(entry, ts.createSourceFile(entry, text, ts.ScriptTarget.ES2022))
  for (const { fileName } of ts.preProcessFile(text).importedFiles)
    if (fileName.startsWith('.')) declarationsOf(join(entry, '..', fileName.replace(/\.js$/, '.d.ts')), found)
  return found
}

/** What TypeScript 4.7 can't parse. */
function isNewer(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node))
    return (
      node.attributes !== undefined || (node.isTypeOnly && !(node.exportClause && ts.isNamedExports(node.exportClause)))
    )
  if (ts.isImportDeclaration(node)) return node.attributes !== undefined
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : []
  const isConstParameter =
    ts.isTypeParameterDeclaration(node) && modifiers.some(({ kind }) => kind === ts.SyntaxKind.ConstKeyword)
  return isConstParameter || modifiers.some(({ kind }) => kind === ts.SyntaxKind.AccessorKeyword)
}

it.each(['index', 'diagnostics', 'emulator/index'])('TypeScript 4.7 can read the declarations of %s', (entry) => {
  assertBuilt()
  const newer: string[] = []
  const declarations = declarationsOf(join(repository, 'dist/commonjs', `${entry}.d.ts`))
  expect(declarations.size).toBeGreaterThan(1)
  for (const [file, source] of declarations) {
    const visit = (node: ts.Node): void => {
      if (isNewer(node)) newer.push(`${file}: ${node.getText(source)}`)
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  expect(newer).toEqual([])
})

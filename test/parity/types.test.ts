import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The names a file declares or exports, values left out. */
function typeNames(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022)
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      return statement.exportClause.elements.map(({ name }) => name.text)
    return ts.isTypeAliasDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement)
      ? [statement.name?.text ?? '']
      : []
  })
}

const theirs = typeNames(createRequire(import.meta.url).resolve('kafkajs/types/index.d.ts'))

describe('the types of kafkajs', () => {
  it('are found', () => {
    expect(theirs.length).toBeGreaterThan(150)
    expect(theirs).toContain('ConsumerReceivedUnsubcribedTopicsEvent')
  })

  it('are all exported', () => {
    const ours = new Set(typeNames(pathOf('../../src/exports.ts')))
    expect(theirs.filter((name) => !ours.has(name))).toEqual([])
  })

  it('are all compared in types.ts', () => {
    const source = readFileSync(pathOf('./types.ts'), 'utf8')
    expect(theirs.filter((name) => !new RegExp(`^  ${name}: Compare<\\s*ours\\.${name}\\b`, 'm').test(source))).toEqual(
      [],
    )
  })
})

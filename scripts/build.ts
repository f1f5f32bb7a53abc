/**
 * Builds what is shipped into `dist`: one copy of the library, as CommonJS, which the ES modules wrap. So what a program
 * registers (codecs, memory stores) and what it compares (error classes) is the same whichever way it is loaded, and
 * loading it takes a handful of files.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'rolldown'
import ts from 'typescript'
import { resolveVendorFile, vendorFiles } from '../src/cli/console/vendor.js'
import { removeHookedLayout } from './hooked-layout.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const commonjs = join(root, 'dist/commonjs')
const esm = join(root, 'dist/esm')

const entries = {
  library: 'src/exports.ts',
  diagnostics: 'src/diagnostics.ts',
  emulator: 'src/emulator/index.ts',
  cli: 'src/cli.ts',
}

/** Packages that are installed beside the library. */
async function dependencies(): Promise<string[]> {
  const { dependencies, peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  return Object.keys({ ...dependencies, ...peerDependencies })
}

/**
 * `await import('package')` is how the sources load a package late. Jest has no `import()` in CommonJS, so it becomes
 * `require`: directly, since bundlers take a package for optional only where the call stands in the `try` itself.
 * (`await import('./file.js')`, of the library's own files, the bundler turns into `require` by itself.)
 */
const requirePackagesLate = (packages: readonly string[]): Plugin => ({
  name: 'require packages late',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: 'await import(' },
    handler: (code) => ({
      code: code.replace(/\bawait import\('([^']+)'\)/g, (found, name) =>
        packages.includes(name) ? `require('${name}')` : found,
      ),
    }),
  },
})

/** The licence of what is bundled: jose, which is there as an ES module only, so that Jest could not load it. */
async function noticeOf({ moduleIds }: { moduleIds: string[] }): Promise<string> {
  if (!moduleIds.some((id) => id.includes('/node_modules/jose/'))) return ''
  const jose = join(root, 'node_modules/jose')
  const { name, version } = JSON.parse(await readFile(join(jose, 'package.json'), 'utf8'))
  return `/*! ${name} ${version}\n\n${await readFile(join(jose, 'LICENSE.md'), 'utf8')}*/`
}

async function writeCommonJS(): Promise<void> {
  const packages = await dependencies()
  await build({
    cwd: root,
    input: entries,
    platform: 'node',
    external: (id) => packages.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [requirePackagesLate(packages)],
    output: {
      dir: commonjs,
      format: 'cjs',
      exports: 'named',
      entryFileNames: ({ name }) => (name === 'cli' ? 'cli.js' : 'chunks/[name].js'),
      dynamicImportInCjs: false,
      chunkFileNames: 'chunks/[name].js',
      banner: noticeOf,
    },
    logLevel: 'warn',
  })
  await writeFile(join(commonjs, 'package.json'), '{ "type": "commonjs" }\n')
}

/** What `package.json` exports, as names of files in both folders. */
type Entry = 'index' | 'diagnostics' | 'emulator/index'

/**
 * What `require` gives: an object with plain, writable properties, as kafkajs's, since programs stub them. In a file of its
 * own: Node.js reads the whole text of a CommonJS file that an ES module imports, in search of names, which for the library
 * takes longer than loading it.
 */
async function writeRequired(name: Entry): Promise<void> {
  const file = join(commonjs, `${name}.js`)
  const bundle = {
    index: './chunks/library.js',
    diagnostics: './chunks/diagnostics.js',
    'emulator/index': '../chunks/emulator.js',
  }[name]
  const lines = [
    `'use strict'`,
    `Object.defineProperty(exports, '__esModule', { value: true })`,
    // In one call: written one by one, tools that check packages take the exports for those of `module.exports =`.
    // `Kafka` is in a file of its own: in the packed package tools for tracing come in between.
    name === 'index'
      ? `Object.assign(exports, require('${bundle}'), { Kafka: require('./kafka.js') })`
      : `Object.assign(exports, require('${bundle}'))`,
    // What `import kafkajs from` means after compilation to CommonJS.
    ...(name === 'index' ? [`exports.default = exports`] : []),
  ]
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${lines.join('\n')}\n`)
}

/** What `import` gives: the same objects. `name` is that of the CommonJS file. */
async function writeImported(name: Entry): Promise<void> {
  const file = join(esm, `${name}.js`)
  const { default: _, ...named } = createRequire(import.meta.url)(join(commonjs, `${name}.js`))
  const original = `${'../'.repeat(name.split('/').length)}commonjs/${name}.js`
  const isMain = name === 'index'
  const lines = [
    `import library from '${original}'`,
    `export const { ${Object.keys(named).join(', ')} } = library`,
    ...(isMain ? ['export default library'] : []),
  ]
  const types = isMain ? '../commonjs/exports.js' : original
  const declarations = [`export * from '${types}'`, ...(isMain ? [`export * as default from '${types}'`] : [])]
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${lines.join('\n')}\n`)
  await writeFile(file.replace(/\.js$/, '.d.ts'), `${declarations.join('\n')}\n`)
}

/** Declarations of everything that is exported, without those of the command line. */
function writeDeclarations(): void {
  const configFile = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(configFile.config, ts.sys, root)
  const program = ts.createProgram(
    ['src/index.ts', 'src/diagnostics.ts', 'src/emulator/index.ts'].map((file) => join(root, file)),
    {
      ...options,
      emitDeclarationOnly: true,
      declarationMap: false,
      sourceMap: false,
      noEmit: false,
      rootDir: join(root, 'src'),
      outDir: commonjs,
    },
  )
  const { diagnostics } = program.emit()
  const problems = [...program.getOptionsDiagnostics(), ...diagnostics]
  if (problems.length) throw new Error(ts.formatDiagnostics(problems, ts.createCompilerHost(options)))
}

/** The console's page, which is served as it is, and what it loads of other packages, with their licences. */
async function copyPage(): Promise<void> {
  const page = 'cli/console/page'
  await cp(join(root, 'src', page), join(commonjs, page), { recursive: true })
  const vendor = join(commonjs, page, 'vendor')
  await mkdir(vendor, { recursive: true })
  for (const [name, file] of Object.entries(vendorFiles)) {
    const source = resolveVendorFile(name, import.meta.filename) as string
    const text = await readFile(source, 'utf8')
    await writeFile(join(vendor, name), text.replace(/\n?\/\/# sourceMappingURL=.*\n?/, '\n'))
    const [packageName = ''] = file.package.split('/')
    await cp(join(root, 'node_modules', packageName, 'LICENSE'), join(vendor, `${packageName}.LICENSE`))
  }
}

await rm(join(root, 'dist'), { recursive: true, force: true })
await writeCommonJS()
await removeHookedLayout(root)
await copyPage()
writeDeclarations()
for (const entry of ['index', 'diagnostics', 'emulator/index'] as const) {
  await writeRequired(entry)
  await writeImported(entry)
}
// The command line under the path that it had before there was one copy of everything.
await writeFile(join(esm, 'cli.js'), "#!/usr/bin/env node\nimport '../commonjs/cli.js'\n", { mode: 0o755 })

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import webpack from 'webpack'

const program = new URL('program.js', import.meta.url).pathname
const out = mkdtempSync(join(tmpdir(), 'bundled-'))
after(() => rmSync(out, { recursive: true }))

/** Runs a bundle, with no node_modules in sight. */
function check(file) {
  const output = execFileSync(process.execPath, [join(out, file)], { cwd: out, encoding: 'utf8', timeout: 60_000 })
  assert.equal(output, 'over amqp\nover websockets\nsays what is missing\n')
}

test('esbuild, to CommonJS', async () => {
  await esbuild.build({
    entryPoints: [program],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: join(out, 'esbuild.cjs'),
  })
  check('esbuild.cjs')
})

test('esbuild, to an ES module', async () => {
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" }
  await esbuild.build({
    entryPoints: [program],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner,
    outfile: join(out, 'esbuild.mjs'),
  })
  check('esbuild.mjs')
})

test('webpack', async () => {
  const compiler = webpack({
    entry: program,
    target: 'node20',
    mode: 'none',
    output: { path: out, filename: 'webpack.cjs' },
  })
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, result) => (error ? reject(error) : resolve(result))),
  )
  assert.deepEqual(
    stats.toJson({ errors: true }).errors.map(({ message }) => message),
    [],
  )
  check('webpack.cjs')
})

test('Rollup', async () => {
  const plugins = [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs(), json()]
  const bundle = await rollup({ input: program, plugins, external: ['@azure/arm-eventhub'], onwarn: () => undefined })
  const { output } = await bundle.generate({ format: 'cjs', inlineDynamicImports: true })
  await bundle.close()
  writeFileSync(join(out, 'rollup.cjs'), output[0].code)
  check('rollup.cjs')
})

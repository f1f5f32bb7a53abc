/**
 * Runs the tests on each Node.js that `engines` allows, with the newest dependencies their ranges allow on it.
 *
 *     npm run test:nodes                              the oldest, and the newest of each line, all tests
 *     npm run test:nodes -- 22 24                     some
 *     npm run test:nodes -- 24 -- test/package        some tests
 *
 * The binaries come from the npm package `node`. Each runs in a copy of what git knows, outside the repository, without a lock
 * file. It needs the registry, and takes as long as the tests do, for each.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))

/** The oldest that `engines` allows, and the newest of each line. */
const VERSIONS = ['20.19.0', '20', '22', '24']

/** The npm that runs this program: the newer Node.js come without one. */
const npm = process.env['npm_execpath'] ?? 'npm'

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): boolean {
  return spawnSync(command, args, { cwd, env, stdio: 'inherit' }).status === 0
}

/** Installs a Node.js; returns the environment in which it comes first. */
function installNode(version: string, folder: string): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  if (!run(process.execPath, [npm, 'install', '--no-audit', '--no-fund', `node@${version}`], folder, env)) {
    throw new Error(`Node.js ${version} could not be installed`)
  }
  return { ...env, PATH: `${join(folder, 'node_modules/node/bin')}${delimiter}${env['PATH'] ?? ''}` }
}

function test(version: string, tests: readonly string[]): boolean {
  const workspace = mkdtempSync(join(tmpdir(), `kafkajs-eventhubs-node-${version}-`))
  try {
    const env = installNode(version, join(workspace, 'node'))
    const node = join(workspace, 'node/node_modules/node/bin/node')
    const copy = join(workspace, 'repository')
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean)
    for (const file of files) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      if (file !== 'package-lock.json') cpSync(join(repository, file), join(copy, file))
    }
    execFileSync('git', ['init', '--quiet'], { cwd: copy })
    process.stdout.write(`\n== Node.js ${execFileSync(node, ['--version'], { encoding: 'utf8' })}`)
    const steps = [
      [npm, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
      [npm, 'run', 'build'],
      ['node_modules/vitest/vitest.mjs', 'run', ...tests],
    ]
    return steps.every((step) => run(node, step, copy, env))
  } finally {
    rmSync(workspace, { recursive: true, force: true })
  }
}

const args = process.argv.slice(2)
const versions = args.filter((arg) => /^\d+(\.\d+)*$/.test(arg))
const tests = args.filter((arg) => !versions.includes(arg) && arg !== '--')
const failed = (versions.length ? versions : VERSIONS).filter((version) => !test(version, tests))
if (failed.length) {
  process.stderr.write(`Failed on Node.js ${failed.join(', ')}\n`)
  process.exitCode = 1
}

/**
 * Writes what tools that replace files of kafkajs as they are loaded (dd-trace, New Relic) look for in a package that is
 * installed as `kafkajs`: `src/index.js`, which has the class `Client`. `npm pack` and `npm publish` call it, before and after.
 *
 *     node --import tsx scripts/hooked-layout.ts            writes it
 *     node --import tsx scripts/hooked-layout.ts --remove   takes it away again
 *
 * It can't stay in the repository: there, `src` has the sources, and they are ES modules.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * New Relic's agent looks for the constructor of a class of this name in the text of the file, dd-trace puts a class of its own
 * in the place of what the file exports.
 */
const client = `'use strict'
const { Kafka } = require('../dist/commonjs/chunks/library.js')
module.exports = class Client extends Kafka {
  constructor(options) {
    super(options)
  }
}
`

/** The file of the build from which `kafkajs-eventhubs` takes the class `Kafka`. */
const kafka = 'dist/commonjs/kafka.js'
const commonjs = '{ "type": "commonjs" }\n'

/** Writes the layout into a folder with a `dist`, and has `dist` go through it. */
export async function writeHookedLayout(root: string): Promise<void> {
  await mkdir(join(root, 'src'), { recursive: true })
  await writeFile(join(root, 'src/package.json'), commonjs)
  await writeFile(join(root, 'src/index.js'), client)
  await writeFile(join(root, kafka), `'use strict'\nmodule.exports = require('../../src/index.js')\n`)
}

/** Writes `dist` as it is without the layout; the folder may have it or not. */
export async function removeHookedLayout(root: string): Promise<void> {
  await writeFile(join(root, kafka), `'use strict'\nmodule.exports = require('./chunks/library.js').Kafka\n`)
  for (const file of ['index.js', 'package.json']) await rm(join(root, 'src', file), { force: true })
}

if (process.argv[1] === import.meta.filename) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  await (process.argv.includes('--remove') ? removeHookedLayout(root) : writeHookedLayout(root))
}

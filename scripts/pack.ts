/** Packs what `npm pack` packs, in a folder of its own: nothing in the repository changes while it does. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeHookedLayout } from './hooked-layout.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What npm packs besides `files`. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE']

/** Packs what was built into `folder`. Resolves with the path of the tarball and the files in it. */
export async function pack(folder: string): Promise<{ tarball: string; files: string[] }> {
  const stage = await mkdtemp(join(tmpdir(), 'kafkajs-eventhubs-pack-'))
  try {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] }
    for (const name of [...ALWAYS, ...manifest.files.filter((name) => !name.startsWith('src/'))]) {
      await cp(join(root, name), join(stage, name), { recursive: true })
    }
    await writeHookedLayout(stage)
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const { stdout } = await promisify(execFile)('npm', args, { cwd: stage, env, maxBuffer: 16 * 1024 * 1024 })
    const description = JSON.parse(stdout)
    const [{ filename, files }] = Array.isArray(description) ? description : Object.values(description)
    return { tarball: join(folder, filename), files: files.map(({ path }: { path: string }) => path) }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/**
 * Writes what the commands in `docs/cli.md` print: each line of a `console` block that begins with `$ ` is run, in order,
 * against an emulator of its own, with the program that `npm run build` has built.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Emulator, startEmulator } from '../src/emulator/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const cli = join(root, 'dist/commonjs/cli.js')

/** The document, with what the commands in it print now. */
export async function runTranscripts(markdown: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'transcripts-'))
  const emulator = await startEmulator()
  try {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const parts = markdown.split(/(^```console\n[\s\S]*?^```$)/m)
    const written: string[] = []
    for (const part of parts)
      written.push(part.startsWith('```console') ? await runBlock(part, folder, emulator) : part)
    return written.join('')
  } finally {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function runBlock(block: string, folder: string, emulator: Emulator): Promise<string> {
  const lines: string[] = []
  for (const [, command = ''] of block.matchAll(/^\$ (.*(?:\\\n.*)*)$/gm)) {
    lines.push(`$ ${command}`, ...(await run(command, folder, emulator)))
  }
  return ['```console', ...lines, '```'].join('\n')
}

function run(command: string, folder: string, { port, connectionString }: Emulator): Promise<string[]> {
  const program = `kafkajs-eventhubs() { '${process.execPath}' '${cli}' "$@"; }\nexec 2>&1\n${command}\n`
  const env = {
    PATH: process.env['PATH'],
    EVENTHUBS_CONNECTION_STRING: connectionString,
    KAFKAJS_EVENTHUBS_CHECKPOINT_STORE: 'file:./offsets',
  }
  return new Promise((resolve) => {
    execFile('bash', ['-c', program], { cwd: folder, env, timeout: 60_000 }, (_, stdout) => {
      // The reader's emulator is on its usual port.
      const text = stdout.replaceAll(String(port), '5672').trimEnd()
      resolve(text === '' ? [] : text.split('\n'))
    })
  })
}

/** What differs from run to run and machine to machine, made the same. */
export function withoutChance(markdown: string): string {
  return markdown
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\d+ ms/g, 'N ms')
    .replace(/Node\.js .*/g, 'Node.js')
    .replace(/localhost is [\d.:, ]+/g, 'localhost is ADDRESS')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(root, 'docs/cli.md')
  await writeFile(file, await runTranscripts(await readFile(file, 'utf8')))
}

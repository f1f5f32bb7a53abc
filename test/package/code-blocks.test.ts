import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, expect, it } from 'vitest'
import { assertBuilt, repository } from './repository.js'

beforeAll(assertBuilt)

/** What blocks speak of and do not show. */
const PRELUDE = `
declare const Kafka: typeof import('kafkajs-eventhubs').Kafka
declare const kafka: import('kafkajs-eventhubs').Kafka
declare const admin: import('kafkajs-eventhubs').Admin
declare const brokers: string[]
declare const ssl: boolean
declare const sasl: import('kafkajs-eventhubs').SASLOptions
declare const vault: { read(name: string): Promise<string> }
`

/** Begins the blocks that are not compiled: they load packages of others. `examples/ecosystem` runs the same lines. */
const FRAGMENTS = [
  '// telemetry.cjs, loaded first',
  "const { monitorKafkaJSConsumer, monitorKafkaJSProducer } = require('@christiangalsterer/",
]

interface Block {
  /** `docs/page.md:12`, as an editor opens it. */
  readonly place: string
  readonly code: string
}

async function readBlocks(): Promise<Block[]> {
  const pages = (await readdir(join(repository, 'docs'))).filter((name) => name.endsWith('.md'))
  const files = ['README.md', 'CONTRIBUTING.md', ...pages.map((name) => `docs/${name}`)]
  const texts = await Promise.all(files.map((file) => readFile(join(repository, file), 'utf8')))
  return texts.flatMap((text, index) =>
    [...text.matchAll(/^```(?:ts|js|typescript|javascript)\n([\s\S]*?)^```$/gm)].map(({ 1: code = '', index: at }) => ({
      place: `${files[index]}:${text.slice(0, at).split('\n').length + 1}`,
      code,
    })),
  )
}

/** What a strict compiler has to say about blocks, each a module in the folder of the repository. */
function compile(blocks: readonly Block[]): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  }
  const names = blocks.map((_, index) => join(repository, `code-block-${index}.ts`))
  const prelude = join(repository, 'code-block-prelude.d.ts')
  const texts = new Map([
    [prelude, PRELUDE],
    ...names.map((name, n) => [name, `${blocks[n]?.code}\nexport {}\n`] as const),
  ])
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile: read } = host
  host.getSourceFile = (name, language, ...rest) => {
    const text = texts.get(name)
    return text === undefined ? getSourceFile(name, language, ...rest) : ts.createSourceFile(name, text, language)
  }
  host.fileExists = (name) => texts.has(name) || fileExists(name)
  host.readFile = (name) => texts.get(name) ?? read(name)
  const program = ts.createProgram([...texts.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const [page, line] = blocks[names.indexOf(file?.fileName ?? '')]?.place.split(':') ?? [file?.fileName, '1']
    const within = file ? file.getLineAndCharacterOfPosition(start).line : 0
    return `${page}:${Number(line) + within}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

it('has code in its documents that compiles strictly', async () => {
  const blocks = await readBlocks()
  const whole = blocks.filter(({ code }) => !FRAGMENTS.some((beginning) => code.startsWith(beginning)))
  expect(blocks.length - whole.length).toBe(FRAGMENTS.length)
  expect(whole.length).toBeGreaterThan(10)
  // One that does not compile, to see that it would be told of.
  const wrong = {
    place: 'docs/page.md:10',
    code: "import { startEmulator } from 'kafkajs-eventhubs/emulator'\n\nstartEmulator(1)\n",
  }
  expect(compile([...whole, wrong])).toEqual([expect.stringMatching(/^docs\/page\.md:12: /)])
})

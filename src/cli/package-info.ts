import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The package this program came in. */
export interface PackageInfo {
  readonly root: string
  readonly version: string
}

/** Looks from the program's own file upwards: builds lie at different depths, and add files without a version. */
export function findPackage(entry = realpathSync(process.argv[1] ?? '')): PackageInfo {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (!existsSync(file)) continue
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string }
    if (version !== undefined) return { root: folder, version }
  }
  throw new Error(`There is no package.json above ${entry}`)
}

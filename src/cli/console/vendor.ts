import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A file of a package that the page uses. */
interface VendorFile {
  readonly package: string
  /** Its path, from the folder of the package's main file. */
  readonly path: string
}

/** The files the page loads of other packages, by the name it has there. The build ships copies of them. */
export const vendorFiles: Readonly<Record<string, VendorFile>> = {
  'preact.js': { package: 'preact', path: 'preact.module.js' },
  'hooks.js': { package: 'preact/hooks', path: 'hooks.module.js' },
  'htm.js': { package: 'htm', path: 'htm.module.js' },
  'uplot.js': { package: 'uplot', path: 'uPlot.esm.js' },
  'uplot.css': { package: 'uplot', path: 'uPlot.min.css' },
}

/** Path of the installed file, seen from `from`. */
export function resolveVendorFile(name: string, from: string): string | undefined {
  const file = vendorFiles[name]
  return file && join(dirname(createRequire(from).resolve(file.package)), file.path)
}

import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { scaled } from './pace.js'

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a Chromium is installed; undefined: none is. */
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path))

/** Why tests in a browser are skipped. */
export const noChromium = 'no Chromium is installed: apt-get install chromium, or name one in CHROMIUM'

/** Starts a browser without a window. As root, as in containers, its sandbox can't be had. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath as string, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/** A page that waits for what it shows as long as this machine needs. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options)
  page.setDefaultTimeout(scaled(30_000))
  return page
}

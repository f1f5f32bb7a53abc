import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, launchChromium, noChromium, openPage } from '../support/chromium.js'
import { openConsole } from '../support/console.js'

const name = chromiumPath ? 'accessibility' : `accessibility (${noChromium})`

describe.skipIf(chromiumPath === undefined)(name, () => {
  let browser: Browser
  let axe: string
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  /** What axe finds on the page as it is: the rule, its impact, and the elements. Of the dark page, the colours only. */
  async function audit(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
    // Half-faded text has half the contrast.
    await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))')
    await page.evaluate(axe)
    const rules = colorScheme === 'dark' ? "{ runOnly: ['color-contrast'] }" : '{}'
    const { violations, passes } = (await page.evaluate(`axe.run(${rules})`)) as AxeResults
    expect(passes.map(({ id }) => id)).toContain('color-contrast')
    return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map(({ html }) => html).join(' ')}`)
  }

  test.each(['light', 'dark'] as const)('axe has nothing to say about any page (%s)', async (colorScheme) => {
    await using open = await openConsole({ isReadOnly: false, faults: 'own' })
    await open.send('orders', ['{"total":3}'], 0)
    const admin = open.kafka.admin()
    await admin.resetOffsets({ groupId: 'billing', topic: 'orders', earliest: true })
    await admin.disconnect()
    const page = await openPage(browser, { colorScheme })
    await page.goto(open.console.url)
    const found: Record<string, string[]> = {}

    await page.getByRole('link', { name: 'orders' }).waitFor()
    found['topics'] = await audit(page, colorScheme)
    await page.goto(`${open.origin}/#/topics/orders`)
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('button', { name: '0', exact: true }).click()
    await page.getByLabel('Value as').waitFor()
    found['a topic with a message open'] = await audit(page, colorScheme)
    await page.getByRole('button', { name: 'Follow' }).click()
    await page.getByText('Waiting for messages').waitFor()
    found['a topic that is followed'] = await audit(page, colorScheme)
    await page.goto(`${open.origin}/#/groups`)
    await page.getByRole('link', { name: 'billing' }).waitFor()
    found['groups'] = await audit(page, colorScheme)
    await page.getByRole('link', { name: 'billing' }).click()
    await page.getByTestId('lag').waitFor()
    found['a group'] = await audit(page, colorScheme)
    await page.getByRole('button', { name: 'Reset …' }).click()
    await page.getByRole('button', { name: 'Cancel' }).waitFor()
    found['a confirmation'] = await audit(page, colorScheme)
    await page.goto(`${open.origin}/#/faults`)
    await page.getByRole('button', { name: 'Throttle sends' }).waitFor()
    found['faults'] = await audit(page, colorScheme)
    await page.close()
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((view) => [view, []])))
  })

  test('by keyboard alone a message is found, opened and closed', async () => {
    await using open = await openConsole()
    await open.send('orders', ['{"total":3}'], 0)
    const page = await openPage(browser)
    await page.goto(open.console.url)
    await page.getByRole('link', { name: 'orders' }).waitFor()
    /** Tabs on to what has this text. */
    const tabTo = async (text: string) => {
      for (let n = 0; n < 40; n++) {
        await page.keyboard.press('Tab')
        if ((await page.evaluate('document.activeElement.textContent.trim()')) === text) return
      }
      throw new Error(`Tab never comes to ${text}`)
    }
    await tabTo('orders')
    // What has the focus is to be seen.
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).not.toBe('none')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'orders' }).waitFor()
    await tabTo('Show')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: '0', exact: true }).waitFor()
    await tabTo('0')
    await page.keyboard.press('Enter')
    await page.getByLabel('Value', { exact: true }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByLabel('Value', { exact: true }).waitFor({ state: 'detached' })
    await page.close()
  })
})

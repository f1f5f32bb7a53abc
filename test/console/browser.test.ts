import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, launchChromium, noChromium, openPage } from '../support/chromium.js'
import { type OpenConsole, openConsole } from '../support/console.js'

const name = chromiumPath ? 'in a browser' : `in a browser (${noChromium})`

describe.skipIf(chromiumPath === undefined)(name, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  /** A page of the console that must make no mistake. */
  async function visit(open: OpenConsole, view = '') {
    const page = await openPage(browser)
    const mistakes: string[] = []
    page.on('pageerror', (error) => mistakes.push(error.message))
    page.on('console', (entry) => entry.type() === 'error' && mistakes.push(entry.text()))
    await page.goto(open.console.url)
    await page.goto(`${open.origin}/${view}`)
    return { page, mistakes, [Symbol.asyncDispose]: () => page.close() }
  }

  const textOf = async (page: Page, id: string) => (await page.getByTestId(id).textContent()) ?? ''

  test('shows topics, partitions and messages as JSON, text and hex', async () => {
    await using open = await openConsole()
    await open.send('orders', ['{"total":3}'], 0)
    await using visited = await visit(open)
    const { page, mistakes } = visited
    await page.getByRole('link', { name: 'orders' }).click()
    await page.getByRole('heading', { name: 'orders' }).waitFor()
    expect(await textOf(page, 'messages')).toBe('1')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('button', { name: '0', exact: true }).click()
    const value = page.getByLabel('Value', { exact: true })
    expect(await value.textContent()).toBe('{\n  "total": 3\n}')
    await page.getByLabel('Value as').selectOption('hex')
    expect(await value.textContent()).toContain('000000  7b 22 74 6f 74 61 6c')
    expect(await page.getByText('read-only').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Send …' }).count()).toBe(0)
    // The token is not where a screenshot or the history shows it.
    expect(page.url()).not.toContain('token')
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(mistakes).toEqual([])
  })

  test('follows 1,000 messages a second', async () => {
    await using open = await openConsole()
    await using visited = await visit(open, '#/topics/orders')
    const { page, mistakes } = visited
    await page.getByRole('button', { name: 'Follow' }).click()
    await page.getByText('Waiting for messages').waitFor()
    const producer = open.kafka.producer()
    await producer.connect()
    const [seconds, perTenth] = [3, 100]
    const begin = performance.now()
    for (let n = 0; n < seconds * 10; n++) {
      await producer.send({
        topic: 'orders',
        messages: Array.from({ length: perTenth }, (_, m) => ({ value: `message ${n * perTenth + m}` })),
      })
      const wait = begin + (n + 1) * 100 - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    }
    await producer.disconnect()
    // None is left out.
    await page.getByTestId('tail-count').getByText('3,000', { exact: true }).waitFor()
    await page.getByRole('cell', { name: `message ${seconds * 10 * perTenth - 1}` }).waitFor()
    // And the page holds no more than can be looked at.
    expect(await page.getByRole('region', { name: 'Live messages' }).getByRole('row').count()).toBeLessThan(300)
    await page.getByRole('button', { name: 'Stop' }).click()
    expect(mistakes).toEqual([])
  })

  test('shows the lag of a group fall, and who reads', async () => {
    await using open = await openConsole()
    await open.send(
      'orders',
      Array.from({ length: 200 }, () => 'x'),
      0,
    )
    const admin = open.kafka.admin()
    await admin.resetOffsets({ groupId: 'billing', topic: 'orders', earliest: true })
    await admin.disconnect()
    await using visited = await visit(open, '#/groups/billing')
    const { page, mistakes } = visited
    await page.getByTestId('lag').getByText('200', { exact: true }).waitFor()
    await page.getByText('Nobody reads').waitFor()
    const consumer = open.kafka.consumer({ groupId: 'billing' })
    await consumer.subscribe({ topics: ['orders'] })
    await consumer.run({ eachMessage: async () => {} })
    await page.getByTestId('lag').getByText('0', { exact: true }).waitFor()
    await page.getByRole('cell', { name: 'test', exact: true }).first().waitFor()
    await consumer.disconnect()
    const chart = page.getByRole('img', { name: /Lag over time: 200 at first, 0 now/ })
    await chart.waitFor()
    expect(await chart.locator('canvas').count()).toBe(1)
    expect(mistakes).toEqual([])
  })

  test('sends and resets after a confirmation, where it may', async () => {
    await using open = await openConsole({ isReadOnly: false })
    await using visited = await visit(open, '#/topics/orders')
    const { page, mistakes } = visited
    await page.getByLabel('Value', { exact: true }).fill('from the page')
    await page.getByRole('button', { name: 'Send …' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(open.emulator.eventHubs.get('orders')?.events()).toEqual([])
    await page.getByRole('button', { name: 'Send …' }).click()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('Sent', { exact: true }).waitFor()
    const [event] = open.emulator.eventHubs.get('orders')?.events() ?? []
    expect(event?.body.toString()).toBe('from the page')

    const admin = open.kafka.admin()
    await admin.resetOffsets({ groupId: 'billing', topic: 'orders', earliest: true })
    await page.goto(`${open.origin}/#/groups/billing`)
    await page.getByTestId('lag').getByText('1', { exact: true }).waitFor()
    await page.locator('select[name=to]').selectOption('latest')
    await page.getByRole('button', { name: 'Reset …' }).click()
    await page.getByRole('button', { name: 'Reset', exact: true }).click()
    await page.getByTestId('lag').getByText('0', { exact: true }).waitFor()
    await admin.disconnect()
    expect(mistakes).toEqual([])
  })

  test('has a button for each fault of its own emulator', async () => {
    await using open = await openConsole({ faults: 'own' })
    await using visited = await visit(open, '#/faults')
    const { page, mistakes } = visited
    const names = ['Drop every', 'Detach', 'Throttle', 'Lose', 'Delay', 'Expire']
    for (const name of names) await page.getByRole('button', { name: new RegExp(`^${name}`) }).waitFor()
    await page.getByRole('button', { name: 'Throttle sends' }).click()
    await page.getByText('Sends are answered with "server busy"').waitFor()
    const producer = open.kafka.producer({ retry: { retries: 0 } })
    await producer.connect()
    await expect(producer.send({ topic: 'orders', messages: [{ value: 'x' }] })).rejects.toThrow()
    await page.getByRole('button', { name: 'End every fault' }).click()
    await page.getByText('No fault is in force').waitFor()
    await producer.send({ topic: 'orders', messages: [{ value: 'x' }] })
    await producer.disconnect()
    expect(mistakes).toEqual([])
  })

  test('asks before it provokes a fault of an emulator that others may use', async () => {
    await using open = await openConsole({ isReadOnly: false, faults: 'foreign' })
    await using visited = await visit(open, '#/faults')
    const { page, mistakes } = visited
    await page.getByLabel('Topic').selectOption('orders')
    await page.getByRole('button', { name: 'Lose an acknowledgement' }).click()
    await page.getByText('It strikes orders.').waitFor()
    await page.getByRole('button', { name: 'Do it' }).click()
    await page.getByText('The next message of orders is stored').waitFor()
    expect(mistakes).toEqual([])
  })

  test('is usable by keyboard and in the dark', async () => {
    await using open = await openConsole()
    const page = await openPage(browser, { colorScheme: 'dark' })
    await page.goto(open.console.url)
    await page.getByRole('heading', { name: 'Topics' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(background).toBe('rgb(15, 19, 24)')
    const unnamed = await page.evaluate(
      "[...document.querySelectorAll('input, select, textarea, button')].filter((e) => !e.labels?.length && !e.textContent.trim()).length",
    )
    expect(unnamed).toBe(0)
    await page.close()
  })
})

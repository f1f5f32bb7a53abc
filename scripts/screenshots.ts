/** Takes the pictures of `docs/console.md`: a console of an emulator in which something is going on. Needs Chromium. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { launchChromium } from '../test/support/chromium.js'
import { openConsole } from '../test/support/console.js'

const folder = join(import.meta.dirname, '../docs/images')
const viewport = { width: 1100, height: 720 }
const drinks = ['espresso', 'cappuccino', 'tea', 'hot chocolate']
const names = ['alice', 'bob', 'carol', 'dave', 'erin']

const order = (n: number) => ({
  key: names[n % names.length] as string,
  value: JSON.stringify({ order: 1000 + n, drink: drinks[n % drinks.length], cups: 1 + (n % 3) }),
  headers: { source: 'shop' },
})

await mkdir(folder, { recursive: true })
await using open = await openConsole({ isReadOnly: false, faults: 'own' })
const browser = await launchChromium()
const producer = open.kafka.producer()
await producer.connect()
await producer.send({ topic: 'orders', messages: Array.from({ length: 600 }, (_, n) => order(n)) })

async function visit(view: string, colorScheme: 'light' | 'dark') {
  const page = await browser.newPage({ viewport, colorScheme })
  await page.goto(open.console.url)
  await page.goto(`${open.origin}/${view}`)
  return page
}

const topic = await visit('#/topics/orders', 'light')
await topic.getByRole('button', { name: 'Show' }).click()
await topic.locator('.messages button.plain').first().click()
await topic.locator('pre').first().waitFor()
await topic
  .getByRole('heading', { name: 'Messages' })
  .evaluate((heading) => (heading as unknown as { scrollIntoView(): void }).scrollIntoView())
await delay(500)
await topic.screenshot({ path: join(folder, 'console-messages.png') })

const live = await visit('#/topics/orders', 'dark')
await live.getByRole('button', { name: 'Follow' }).click()
await live.getByText('Waiting for messages').waitFor()
for (let n = 0; n < 30; n++) {
  await producer.send({ topic: 'orders', messages: Array.from({ length: 100 }, (_, m) => order(600 + n * 100 + m)) })
  await delay(100)
}
await live
  .getByRole('heading', { name: 'Live' })
  .evaluate((heading) => (heading as unknown as { scrollIntoView(): void }).scrollIntoView())
await live.screenshot({ path: join(folder, 'console-live.png') })

const admin = open.kafka.admin()
await admin.resetOffsets({ groupId: 'billing', topic: 'orders', earliest: true })
await admin.disconnect()
const group = await visit('#/groups/billing', 'light')
await delay(4000)
const consumer = open.kafka.consumer({ groupId: 'billing' })
await consumer.subscribe({ topics: ['orders'] })
await consumer.run({ autoCommitThreshold: 50, eachMessage: () => delay(4) })
await delay(7000)
await group.screenshot({ path: join(folder, 'console-lag.png') })

await consumer.disconnect()
await producer.disconnect()
await browser.close()

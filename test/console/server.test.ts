import { request } from 'node:http'
import { expect, test } from 'vitest'
import { requestLimits } from '../../src/cli/console/api.js'
import { runCli } from '../support/cli.js'
import { openConsole, type ServedConsole, serveConsole } from '../support/console.js'
import { eventually } from '../support/eventually.js'

test('is for those who have the printed address', async () => {
  await using open = await openConsole()
  for (const path of ['/', '/app.js', '/api/info', '/api/topics', '/?token=wrong']) {
    expect((await fetch(open.origin + path, { redirect: 'manual' })).status, path).toBe(401)
  }
  const welcome = await fetch(open.console.url, { redirect: 'manual' })
  expect(welcome.status).toBe(303)
  expect(welcome.headers.get('location')).toBe('/')
  expect(welcome.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
  const { cookie } = await open.signIn()
  const page = await fetch(open.origin, { headers: { cookie } })
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('/app.js')
})

test('refuses requests from other origins, and names that were pointed at this machine', async () => {
  await using open = await openConsole({ isReadOnly: false })
  const { cookie, csrfToken } = await open.signIn()
  const status = async (headers: Record<string, string>, path = '/api/topics') =>
    (await fetch(open.origin + path, { headers: { cookie, ...headers } })).status
  expect(await status({})).toBe(200)
  expect(await status({ origin: open.origin })).toBe(200)
  expect(await status({ origin: 'https://evil.example' })).toBe(403)
  expect(await status({ origin: 'null' })).toBe(403)
  expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await status({ 'sec-fetch-site': 'same-site' })).toBe(403)
  expect(await status({ cookie: cookie.replace(/.$/, '!') })).toBe(401)

  const rebound = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `evil.example:${open.console.port}`, cookie }
      request({ host: '127.0.0.1', port: open.console.port, path, headers }, ({ statusCode }) => resolve(statusCode))
        .once('error', reject)
        .end()
    })
  expect(await rebound('/api/topics')).toBe(421)
  expect(await rebound(`/${new URL(open.console.url).search}`)).toBe(421)

  const send = async (headers: Record<string, string>) => {
    const body = JSON.stringify({ value: 'x' })
    return (
      await fetch(`${open.origin}/api/topics/orders/messages`, {
        method: 'POST',
        headers: { cookie, ...headers },
        body,
      })
    ).status
  }
  expect(await send({ 'content-type': 'application/json' })).toBe(403)
  expect(await send({ 'content-type': 'application/json', 'x-csrf-token': 'guess' })).toBe(403)
  expect(await send({ 'content-type': 'text/plain', 'x-csrf-token': csrfToken })).toBe(415)
  expect(open.emulator.eventHubs.get('orders')?.events()).toEqual([])
  expect(await send({ 'content-type': 'application/json', 'x-csrf-token': csrfToken })).toBe(200)
  expect(open.emulator.eventHubs.get('orders')?.events()).toHaveLength(1)
})

test('listens on this machine only, and changes nothing unless it is told that it may', async () => {
  await using open = await openConsole()
  const { cookie, csrfToken } = await open.signIn()
  const post = (path: string, body: object) =>
    fetch(open.origin + path, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', 'x-csrf-token': csrfToken },
      body: JSON.stringify(body),
    })
  for (const [path, body] of [
    ['/api/topics/orders/messages', { value: 'x' }],
    ['/api/groups/billing/reset', { topic: 'orders', to: 'latest' }],
  ] as const) {
    const response = await post(path, body)
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ error: expect.stringContaining('--no-read-only') })
  }
  // To see what would change is no change.
  expect((await post('/api/groups/billing/plan', { topic: 'orders', to: 'latest' })).status).toBe(200)
  expect((await post('/api/faults/drop-connections', {})).status).toBe(403)
  expect(open.emulator.eventHubs.get('orders')?.events()).toEqual([])
})

test('finds messages by position, time and key, in every partition', async () => {
  await using open = await openConsole()
  await open.send('orders', ['a0', 'a1', 'a2'], 0)
  const between = Date.now() + 1
  await new Promise<void>((resolve) => {
    const look = () => (Date.now() > between ? resolve() : setImmediate(look))
    look()
  })
  await open.send('orders', ['b0', 'b1'], 1)
  const { cookie } = await open.signIn()
  const find = async (query: Record<string, string>) => {
    const url = `${open.origin}/api/topics/orders/messages?${new URLSearchParams(query)}`
    const answer = JSON.parse(await (await fetch(url, { headers: { cookie } })).text())
    return answer.messages?.map(({ value }: { value: { text: string } }) => value.text) ?? answer
  }
  expect(await find({ from: 'oldest' })).toEqual(['a0', 'a1', 'a2', 'b0', 'b1'])
  expect(await find({ from: 'newest', value: '2', limit: '2' })).toEqual(['b1', 'b0'])
  expect(await find({ from: 'newest', value: '1' })).toEqual(['b1', 'a2'])
  expect(await find({ from: 'offset', value: '1', partition: '0' })).toEqual(['a1', 'a2'])
  expect(await find({ from: 'time', value: String(between) })).toEqual(['b0', 'b1'])
  expect(await find({ from: 'oldest', key: 'nobody' })).toEqual([])
  expect(await find({ from: 'oldest', key: 'k', limit: '1' })).toHaveLength(1)
  expect(await find({ from: 'offset', value: 'x' })).toEqual({ error: 'offset must be a whole number' })
})

test('looks through so many messages in a search, and for so long', async () => {
  // In earnest a hundred thousand, for twenty seconds.
  expect(requestLimits).toEqual({ mostScanned: 100_000, searchMs: 20_000 })
  await using open = await openConsole({ limits: { mostScanned: 5 } })
  await open.send('orders', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], 0)
  const search = async ({ origin, signIn }: ServedConsole, key: string) => {
    const { cookie } = await signIn()
    const url = `${origin}/api/topics/orders/messages?from=oldest&key=${key}`
    return (await fetch(url, { headers: { cookie } })).json()
  }
  expect(await search(open, 'nobody')).toEqual({ messages: [], scanned: 5, isComplete: false })
  // As many as there are: that is all.
  await using exact = await openConsole({ limits: { mostScanned: 5 } })
  await exact.send('orders', ['a', 'b', 'c', 'd', 'e'], 0)
  expect(await search(exact, 'nobody')).toEqual({ messages: [], scanned: 5, isComplete: true })

  await using hurried = await openConsole({ limits: { searchMs: 500 } })
  await hurried.send('orders', ['a', 'b'], 0)
  const thaw = hurried.emulator.faults.freeze({ hub: 'orders', partition: 0 })
  expect(await search(hurried, 'nobody')).toEqual({ messages: [], scanned: 0, isComplete: false })
  thaw()
})

test('cuts values that are too long to look at, and refuses requests that are too large', async () => {
  await using open = await openConsole({ isReadOnly: false })
  const { cookie, csrfToken } = await open.signIn()
  await open.send('orders', ['x'.repeat(64 * 1024), 'x'.repeat(64 * 1024 + 1)], 0)
  const path = `${open.origin}/api/topics/orders/messages`
  const { messages } = (await (await fetch(`${path}?from=oldest`, { headers: { cookie } })).json()) as {
    messages: { value: { text: string; size: number; isCut?: true } }[]
  }
  expect(messages.map(({ value: { size, text, isCut } }) => [size, text.length, isCut])).toEqual([
    [64 * 1024, 64 * 1024, undefined],
    [64 * 1024 + 1, 64 * 1024, true],
  ])

  const headers = { cookie, 'content-type': 'application/json', 'x-csrf-token': csrfToken }
  /** The console passes over the rest; the service would not take so much. */
  const send = (length: number) => {
    const body = JSON.stringify({ value: 'x', rest: '' })
    const rest = ' '.repeat(length - body.length)
    return fetch(path, { method: 'POST', headers, body: body.replace('"rest":""', `"rest":"${rest}"`) })
  }
  expect((await send(2 * 1024 * 1024)).status).toBe(200)
  expect((await send(2 * 1024 * 1024 + 1)).status).toBe(413)
})

test('tells no secret', async () => {
  await using open = await openConsole({ faults: 'own' })
  const { cookie } = await open.signIn()
  const paths = [
    '/',
    '/app.js',
    '/api/info',
    '/api/topics',
    '/api/topics/orders',
    '/api/groups',
    '/api/topics/no%20where',
  ]
  for (const path of paths) {
    const text = await (await fetch(open.origin + path, { headers: { cookie } })).text()
    expect(text).not.toContain('SAS_KEY_VALUE')
    expect(text).not.toContain('SharedAccessKey')
  }
})

test('serves its own files only', async () => {
  await using open = await openConsole()
  const { cookie } = await open.signIn()
  for (const path of [
    '/../server.ts',
    '/%2e%2e/server.ts',
    '/vendor/package.json',
    '/vendor/../../server.ts',
    '/.env',
  ]) {
    expect((await fetch(open.origin + path, { headers: { cookie } })).status, path).toBe(404)
  }
  for (const path of ['/vendor/preact.js', '/vendor/uplot.css', '/style.css']) {
    expect((await fetch(open.origin + path, { headers: { cookie } })).status, path).toBe(200)
  }
})

async function faultsOf({ origin, signIn }: ServedConsole) {
  const { cookie, csrfToken } = await signIn()
  const info = (await (await fetch(`${origin}/api/info`, { headers: { cookie } })).json()) as {
    faults: { name: string }[]
  }
  const headers = { cookie, 'content-type': 'application/json', 'x-csrf-token': csrfToken }
  const provoke = async (name: string, body: object, more: Record<string, string> = {}) => {
    const request = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) }
    const response = await fetch(`${origin}/api/faults/${name}`, request)
    return { status: response.status, ...((await response.json()) as { done?: string; error?: string }) }
  }
  return { names: info.faults.map(({ name }) => name), provoke }
}

test('provokes the faults of an emulator in another process', async () => {
  const { child, output, exit } = runCli('emulator', '--port', '0', '--faults')
  try {
    await eventually(() => expect(output()).toMatch(/Connection string: \S+/), { timeout: 30_000 })
    const connectionString = /Connection string: (\S+)/.exec(output())?.[1] ?? ''
    const served = await serveConsole({ connectionString, store: 'memory:', isReadOnly: false })
    await using _ = served.console
    const { names, provoke } = await faultsOf(served)
    expect(names).toContain('throttle')
    expect(await provoke('drop-connections', {})).toMatchObject({
      status: 200,
      done: expect.stringMatching(/^\d+ connections dropped$/),
    })
    expect(await provoke('freeze', { hub: 'nowhere', partition: 0 })).toMatchObject({
      status: 404,
      error: "There is no event hub 'nowhere'.",
    })
    expect(await provoke('throttle', {}, { 'x-csrf-token': 'guess' })).toMatchObject({ status: 403 })
  } finally {
    child.kill()
    await exit
  }
})

test("leaves another's emulator alone as long as it is read-only", async () => {
  await using open = await openConsole({ faults: 'foreign' })
  const { names, provoke } = await faultsOf(open)
  expect(names).toContain('throttle')
  expect(await provoke('throttle', {})).toMatchObject({
    status: 403,
    error: expect.stringContaining('--no-read-only'),
  })
})

test('shows no faults where the emulator takes no requests for them, or not from this key', async () => {
  await using plain = await openConsole({ isReadOnly: false })
  const { names, provoke } = await faultsOf(plain)
  expect(names).toEqual([])
  expect((await provoke('throttle', {})).status).toBe(502)
  await using faulty = await openConsole({ isReadOnly: false, faults: 'foreign' })
  faulty.emulator.setSharedAccessKeys([
    { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE', claims: ['Listen', 'Send'] },
  ])
  const refused = await faultsOf(faulty)
  expect(refused.names).toEqual([])
  expect(await refused.provoke('throttle', {})).toMatchObject({
    status: 502,
    error: expect.stringContaining("'Manage' claim(s) are required"),
  })
})

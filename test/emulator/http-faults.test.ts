import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.js'
import { Kafka, logLevel, Partitioners } from '../../src/index.js'

const ROOT = { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' }

function sas({ name, key } = ROOT, resource = 'sb://localhost/'): string {
  const sr = encodeURIComponent(resource)
  const se = Math.floor(Date.now() / 1000) + 600
  const sig = encodeURIComponent(createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64'))
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=${name}`
}

const start = (options: EmulatorOptions = {}) =>
  startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }], faultsOverHttp: true, ...options })

async function ask(emulator: Emulator, name: string, request: RequestInit = {}) {
  const headers = { authorization: sas(), ...request.headers }
  const url = `http://127.0.0.1:${emulator.port}/$faults${name && `/${name}`}`
  const response = await fetch(url, { method: name ? 'POST' : 'GET', ...request, headers })
  return {
    status: response.status,
    ...((await response.json()) as { done?: string; error?: string; faults?: object[] }),
  }
}

const provoke = (emulator: Emulator, name: string, target: object = {}) =>
  ask(emulator, name, { body: JSON.stringify(target) })

test('lists its faults, and provokes each of them', async () => {
  await using emulator = await start()
  const { status, faults = [] } = await ask(emulator, '')
  expect(status).toBe(200)
  expect(faults).toContainEqual({
    name: 'freeze',
    title: 'Freeze a partition for 10 s',
    text: 'Nothing goes in or out',
    strikes: 'partition',
  })
  for (const { name, strikes } of faults as { name: string; strikes: string }[]) {
    const target = strikes === 'partition' ? { hub: 'ORDERS', partition: 1 } : {}
    const answer = await provoke(emulator, name, target)
    expect(answer, name).toEqual({ status: 200, done: expect.any(String) })
  }
  expect(await provoke(emulator, 'freeze', { hub: 'ORDERS', partition: 1 })).toMatchObject({
    done: 'Partition 1 of orders is frozen for 10 s',
  })
})

test('takes no requests unless it is told to', async () => {
  await using emulator = await start({ faultsOverHttp: false })
  for (const method of ['GET', 'POST']) {
    for (const path of ['/$faults', '/$faults/throttle']) {
      const url = `http://127.0.0.1:${emulator.port}${path}`
      const { status } = await fetch(url, { method, headers: { authorization: sas() } })
      expect([404, 405], `${method} ${path}`).toContain(status)
    }
  }
})

test('is for those who may manage the namespace, on this machine', async () => {
  await using emulator = await start({
    sharedAccessKeys: [
      ROOT,
      { name: 'reader', key: 'a2V5', claims: ['Listen', 'Send'] },
      { name: 'narrow', key: 'a2V5', claims: ['Manage'], eventHub: 'orders' },
    ],
  })
  const refusal = async (headers: Record<string, string>) => await ask(emulator, 'throttle', { headers })
  expect(await refusal({ authorization: '' })).toMatchObject({ status: 401 })
  expect(await refusal({ authorization: sas({ ...ROOT, key: 'wrong' }) })).toMatchObject({ status: 401 })
  expect(await refusal({ authorization: sas({ name: 'reader', key: 'a2V5' }) })).toMatchObject({
    status: 401,
    error: expect.stringContaining("'Manage' claim(s) are required"),
  })
  expect(await refusal({ authorization: sas({ name: 'narrow', key: 'a2V5' }) })).toMatchObject({ status: 401 })
  expect(await refusal({ authorization: sas(ROOT, 'sb://localhost/orders') })).toMatchObject({ status: 401 })
  // A page of a browser that has found a name for this port.
  expect(await refusal({ origin: 'http://evil.example' })).toMatchObject({ status: 403 })
  expect(await refusal({})).toMatchObject({ status: 200 })
})

test.each<[what: string, name: string, request: RequestInit, status: number]>([
  ['an unknown fault', 'burn', {}, 404],
  ['a name from the depths', '__proto__', {}, 404],
  ['no JSON', 'throttle', { body: '{"hub":' }, 400],
  ['a list', 'throttle', { body: '[]' }, 400],
  ['null', 'throttle', { body: 'null' }, 400],
  ['an option of the faults beneath', 'throttle', { body: '{"forMs":1e9}' }, 400],
  ['an event hub that is a number', 'throttle', { body: '{"hub":1}' }, 400],
  ['an event hub that is not there', 'throttle', { body: '{"hub":"nowhere"}' }, 404],
  ['a partition that is not there', 'freeze', { body: '{"hub":"orders","partition":2}' }, 404],
  ['a partition that is text', 'freeze', { body: '{"hub":"orders","partition":"0"}' }, 400],
  ['a negative partition', 'freeze', { body: '{"hub":"orders","partition":-1}' }, 400],
  ['no partition', 'freeze', { body: '{"hub":"orders"}' }, 400],
  ['a partition too many', 'throttle', { body: '{"hub":"orders","partition":0}' }, 400],
  ['an event hub too many', 'drop-connections', { body: '{"hub":"orders"}' }, 400],
  ['too much', 'throttle', { body: 'x'.repeat(2 * 1024 * 1024) }, 413],
  ['another method', 'throttle', { method: 'DELETE' }, 405],
  ['another method for the list', '', { method: 'POST' }, 405],
])('refuses %s', async (_, name, request, status) => {
  await using emulator = await start()
  const answer = await ask(emulator, name, request)
  expect(answer).toEqual({ status, error: expect.any(String) })
  expect(emulator.eventHubs.get('nowhere')).toBeUndefined()
})

test('begins anew what is asked for again, so that faults do not pile up', async () => {
  await using emulator = await start()
  for (let n = 0; n < 3; n++) await provoke(emulator, 'lose-acknowledgement', { hub: 'orders' })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'test' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ retry: { retries: 0 }, createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const send = () => producer.send({ topic: 'orders', messages: [{ value: 'x' }] })
  await expect(send()).rejects.toThrow()
  await send()
  await producer.disconnect()
})

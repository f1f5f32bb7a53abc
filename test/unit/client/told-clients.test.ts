import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { createToldClients } from '../../../src/client/told-clients.js'
import { eventually } from '../../support/eventually.js'

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

it('asks each client, in the order in which they were made, and leaves out what says nothing', () => {
  const clients = createToldClients<string>()
  const owners = [{ says: 'a' }, { says: undefined }, { says: 'c' }]
  for (const owner of owners) clients.add(owner, (id) => owner.says && `${id} ${owner.says}`)
  expect(clients.read()).toEqual(['0 a', '2 c'])
})

it('keeps no client alive', async () => {
  const clients = createToldClients<number>()
  const kept = {}
  clients.add(kept, (id) => id)
  for (let i = 0; i < 100; i++) {
    const owner = { bytes: new Uint8Array(1000) }
    clients.add(owner, (id) => id + owner.bytes.length)
  }
  await eventually(() => {
    collectGarbage()
    expect(clients.read()).toEqual([0])
  })
  expect(kept).toBeDefined()
})
